/** Commands in a guest that is prepared for others: what they say is nobody's affair. */

import type { GuestExec, GuestLink } from "../ports/guest-link.ts";
import type { GuestUser } from "../ports/guest-user.ts";

/** the least that a command can be */
const FIRST_COMMAND = ["/bin/sh", "-c", "true"];

export async function runFirstCommand(link: GuestLink, signal: AbortSignal): Promise<void> {
  await runProgram(link, { argv: FIRST_COMMAND, user: "default" }, signal);
}

/** Resolves when it has ended, whatever it says. */
export async function runProgram(
  link: GuestLink,
  { argv, user }: { readonly argv: readonly string[]; readonly user: GuestUser },
  signal: AbortSignal,
): Promise<void> {
  const order: GuestExec = {
    program: { kind: "argv", argv },
    env: [],
    cwd: undefined,
    user,
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
