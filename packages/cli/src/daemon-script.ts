/**
 * The daemon's own programs, run in this process's place: signals, standard streams, exit status and
 * even `kill -9` then reach them with nothing in between. The CLI imports nothing of the daemon.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Environment } from "./config.ts";
import { EXIT } from "./exit-codes.ts";
import { CommandError } from "./failure.ts";

export type DaemonScript = "main.ts" | "doctor.ts" | "image-tool.ts";

/**
 * What Node is told when it runs the daemon: how much of its memory the newest objects may have, in MiB. By itself Node
 * lets them grow to 128 MiB on a large host, most of what a daemon with a thousand VMs would take.
 */
export const NODE_FLAGS = ["--max-semi-space-size=8"] as const;

/** Does not return. @throws CommandError when this installation holds no daemon */
export function becomeDaemonScript(
  script: DaemonScript,
  args: readonly string[],
  env: Environment,
): never {
  const file = fileURLToPath(new URL(`../../daemon/src/${script}`, import.meta.url));
  if (!existsSync(file)) {
    const message = `This installation has no daemon (${file} is missing): run it from a checkout`;
    throw new CommandError(message, EXIT.failed);
  }
  if (!process.execve) {
    throw new CommandError("This Node cannot replace its process: use Node 24", EXIT.failed);
  }
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return process.execve(
    process.execPath,
    [process.execPath, ...NODE_FLAGS, file, ...args],
    Object.fromEntries(set),
  );
}
