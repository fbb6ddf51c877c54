/** The end of a command that did the same to several things, when it did not work with all of them. */

import { exitCodeOf } from "./exit-codes.ts";
import { CommandError, explain } from "./failure.ts";

/** One failure is told as itself; several are told together, with the first one's exit status. */
export function complain(failures: readonly unknown[]): void {
  const [first, ...others] = failures;
  if (failures.length === 0) return;
  if (others.length === 0) throw first;
  const words = failures.map((failure) => explain(failure).message).join("; ");
  const exitCode = first instanceof CommandError ? first.exitCode : exitCodeOf(first);
  throw new CommandError(words, exitCode);
}
