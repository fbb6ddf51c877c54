/**
 * Disks that owners bring back. Nothing of what is sent is believed before it was looked at, and nothing of the VM
 * has changed before all of it is ready.
 */

import { link, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";

import type { IncomingDisk, ReadyDisk } from "#core/aleph/ports/backup-store.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { GIB, humanBytes, MIB } from "#lib/bytes.ts";
import { ProgramFailed, run } from "#process/run.ts";

import { copyDisk, readQcow2 } from "./backup-disks.ts";

/** of the disk, that is left to VMs that run: what they write takes room that nobody keeps for them */
const LEFT_FREE_BYTES = GIB;
/** of an upload, between looks at how much is left */
const LOOK_EVERY_BYTES = 64 * MIB;

const KEPT_PREFIX = "rootfs.pre-restore-";

export async function takeInDisk(incoming: IncomingDisk, signal: AbortSignal): Promise<ReadyDisk> {
  const { root } = incoming;
  const part = `${root.path}.restored`;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(part, { force: true }));
  await rm(part, { force: true });
  await receive(incoming, part, signal);
  await mustFit(part, incoming);
  await becomeOverlay(part, incoming, signal);
  const made = undo.move();
  return {
    install: (at) => swap(root.path, part, at),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

async function receive(
  { from, maxBytes }: IncomingDisk,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  if (typeof from === "string") {
    const { size } = await stat(from);
    if (size > maxBytes) throw tooLarge(maxBytes);
    await mustLeaveRoom(to, size);
    return copyDisk(from, to, signal);
  }
  await using file = await open(to, "wx", 0o600);
  let [size, looked] = [0, Number.NEGATIVE_INFINITY];
  for await (const piece of from) {
    signal.throwIfAborted();
    size += piece.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    if (size - looked > LOOK_EVERY_BYTES) {
      await mustLeaveRoom(to, piece.byteLength);
      looked = size;
    }
    await file.writeFile(piece);
  }
}

/** @throws Refusal `no storage` */
async function mustLeaveRoom(file: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(path.dirname(file));
  if (bavail * bsize >= neededBytes + LEFT_FREE_BYTES) return;
  throw new Refusal("no storage", "This node has no room for another disk now; try again later");
}

async function mustFit(file: string, { rootBytes }: IncomingDisk): Promise<void> {
  const facts = await readQcow2(file).catch(() => undefined);
  if (!facts || facts.hasBacking) throw noDisk();
  try {
    facts.mustBeWhole();
  } catch (cause) {
    throw noDisk(cause);
  }
  if (facts.virtualBytes <= rootBytes) return;
  const [has, allowed] = [facts.virtualBytes, rootBytes].map(humanBytes);
  const message = `The disk image is ${has} large; the root disk of this VM has ${allowed}`;
  throw new Refusal("bad request", message);
}

/**
 * The VM's root stands on its parent, whatever is below it in a backup. So where the new disk has nothing, it must
 * say that there is nothing: the size first, as what is beyond the old end is nothing, too.
 */
async function becomeOverlay(
  file: string,
  { root, rootBytes }: IncomingDisk,
  signal: AbortSignal,
): Promise<void> {
  const { backing } = root;
  const qemuImg = (...args: readonly string[]) =>
    run({ file: "nice", args: ["-n", "10", "qemu-img", ...args] }, signal);
  try {
    await qemuImg("check", "-q", "-f", "qcow2", file);
    await qemuImg("resize", "-q", "-f", "qcow2", file, String(rootBytes));
  } catch (cause) {
    throw cause instanceof ProgramFailed ? noDisk(cause) : cause;
  }
  if (!backing) return;
  await qemuImg("rebase", "-f", "qcow2", "-F", backing.format, "-b", backing.path, file);
}

/**
 * The old one is kept beside it until the next restore, under a name that tells when. Whoever dies in here leaves a root
 * disk: the old one or the new one.
 */
async function swap(rootPath: string, newPath: string, at: Date): Promise<void> {
  const directory = path.dirname(rootPath);
  const earlier = (await readdir(directory)).filter((name) => name.startsWith(KEPT_PREFIX));
  const stamp = at.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const kept = path.join(directory, `${KEPT_PREFIX}${stamp}.qcow2`);
  await rm(kept, { force: true });
  await link(rootPath, kept);
  await rename(newPath, rootPath);
  for (const name of earlier) {
    if (name !== path.basename(kept)) await rm(path.join(directory, name), { force: true });
  }
}

function noDisk(cause?: unknown): Refusal {
  const message = "Uploaded file is not a valid QCOW2 disk image";
  return new Refusal("bad request", message, { cause });
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal("too large", `A disk of this VM may take at most ${humanBytes(maxBytes)}`);
}
