/** Commands in a guest that is prepared for others: what they say is nobody's affair. */

import type { GuestExec, GuestLink } from "../ports/guest-link.ts";
import type { GuestUser } from "../ports/guest-user.ts";

/** Each of the two ways of running one, with something to say; what commands need is read and done once by that. */
const FIRST_COMMANDS: readonly (readonly [argv: readonly string[], user: GuestUser])[] = [
  [["true"], { uid: 0, gid: undefined }],
  [["/bin/sh", "-c", "echo"], "default"],
];

export async function runFirstCommand(link: GuestLink, signal: AbortSignal): Promise<void> {
  for (const [argv, user] of FIRST_COMMANDS) await runProgram(link, { argv, user }, signal);
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
    stdout: true,
    stderr: true,
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
