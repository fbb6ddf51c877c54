/**
 * A command in a guest with this process's standard streams: input is passed as it comes, output is
 * written as it comes, and the command's exit status is returned.
 */

import type { HostApi } from "@alcove/sdk";
import type { ExecSpec } from "@alcove/sdk/exec.ts";

import { EXIT } from "./exit-codes.ts";
import { printableLine } from "./printable.ts";
import { writeOut } from "./write-out.ts";

/** Abort ends the command in the guest. */
export async function runInGuest(
  client: HostApi,
  hostname: string,
  spec: ExecSpec,
  signal: AbortSignal,
): Promise<number> {
  let exitCode = 0;
  let started = false;
  for await (const frame of client.exec(hostname, spec, signal)) {
    started ||= frame.type === "started";
    if (frame.type === "stdout") await writeOut(process.stdout, frame.bytes, signal);
    if (frame.type === "stderr") await writeOut(process.stderr, frame.bytes, signal);
    if (frame.type !== "exit") continue;
    exitCode = frame.exitCode;
    if (frame.error === undefined) continue;
    process.stderr.write(`alcove: ${printableLine(frame.error)}\n`);
    // It began and nobody knows how it ended: no status of its own can be passed on.
    if (started) exitCode = EXIT.guestCommandNotRun;
  }
  return exitCode;
}

/** Standard input as the command's input: a terminal only when asked for, anything else always. */
export function stdinFor(interactive: boolean): Pick<ExecSpec, "stdin"> {
  return interactive || !process.stdin.isTTY ? { stdin: process.stdin } : {};
}
