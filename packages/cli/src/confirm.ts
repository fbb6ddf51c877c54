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
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new CommandError("Nothing was changed", EXIT.failed);
}
