/**
 * One daemon per directory, by a lock that the kernel lets go of when its holder dies:
 * a Unix socket in the abstract namespace, named after the directory.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, lstat, mkdir, realpath, stat } from "node:fs/promises";
import { createServer } from "node:net";

import { StartRefused } from "#lib/start-refused.ts";

/**
 * Makes the directory, or checks that nobody else made it first: what lies in it is trusted.
 * @throws Error when it, or the link that leads to it, belongs to another user
 */
export async function ownDirectory(directory: string, mode: number): Promise<void> {
  const made = await mkdir(directory, { recursive: true });
  // A link's owner can lead it elsewhere at any time.
  for (const { uid } of [await lstat(directory), await stat(directory)]) {
    const ours = process.getuid?.() ?? uid;
    if (uid === ours) continue;
    throw new StartRefused(
      `${directory} belongs to user ${uid}, not to this daemon's user ${ours}`,
    );
  }
  if (made !== undefined) await chmod(directory, mode); // what was there keeps its mode: it may be shared
}

/** @throws Error when a living daemon owns the directory */
export async function becomeSoleOwner(directory: string): Promise<AsyncDisposable> {
  const digest = createHash("sha256")
    .update(await realpath(directory))
    .digest("hex");
  const lock = createServer((socket) => socket.destroy());
  lock.listen(`\0alcove:${digest.slice(0, 32)}`);
  try {
    await once(lock, "listening");
  } catch (cause) {
    const taken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    if (!taken) throw cause;
    const hint = "stop it, or give this one another ALCOVE_STATE_DIR and ALCOVE_RUNTIME_DIR";
    throw new StartRefused(`Another Alcove daemon already uses ${directory}: ${hint}`, { cause });
  }
  lock.unref();
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(lock, "close");
      lock.close();
      await closed;
    },
  };
}
