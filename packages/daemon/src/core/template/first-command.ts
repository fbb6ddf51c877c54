/** Commands in a guest that is prepared for others: what they say is nobody's affair. */

import type { GuestExec, GuestLink } from "../ports/guest-link.ts";

/** the least that a command can be */
const FIRST_COMMAND = ["/bin/sh", "-c", "true"];

export async function runFirstCommand(link: GuestLink, signal: AbortSignal): Promise<void> {
  await runProgram(link, FIRST_COMMAND, signal);
}

/** Resolves when it has ended, whatever it says. */
export async function runProgram(
  link: GuestLink,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const order: GuestExec = {
    program: { kind: "argv", argv },
    env: [],
    cwd: undefined,
    user: "default",
    stdin: false,
    stdout: false,
    stderr: false,
    pty: undefined,
  };
  const process = await link.exec(order, signal);
  using _left = onAbort(signal, () => process.cancel());
  for await (const _nothing of process.output) signal.throwIfAborted();
  await process.ended;
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener("abort", act, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", act) };
}
