/** A question before something that cannot be taken back. */

import { createInterface } from "node:readline/promises";

import { EXIT } from "./exit-codes.ts";
import { CommandError, UsageError } from "./failure.ts";

/**
 * Returns when the person has said yes.
 * @param question ends in a question mark
 * @throws CommandError when the answer is another, UsageError when there is nobody to ask
 */
export async function confirm(question: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(`${question} There is nobody to ask here: say --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it asks, the terminal hands Ctrl-C over as a key; the end of input (Ctrl-D) is no yes.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = new AbortController();
  terminal.once("close", () => ended.abort());
  try {
    const either = AbortSignal.any([signal, ended.signal]);
    const answer = await terminal.question(`${question} [y/N] `, { signal: either });
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    process.stderr.write("\n");
  } finally {
    terminal.close();
  }
  signal.throwIfAborted();
  throw new CommandError("Nothing was changed", EXIT.failed);
}
