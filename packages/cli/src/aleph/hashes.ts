/** Hashes of VMs, messages and files, as people write them: whole, or by as much of their beginning as only one has. */

import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { type Executions, listExecutions, listRecords } from "./executions.ts";
import type { NodeClient } from "./node-client.ts";

const WHOLE = /^(?:[0-9a-f]{64}|Qm[1-9A-HJ-NP-Za-km-z]{42,44}|bafy[a-z2-7]{55})$/;
const BEGINNING = /^[0-9a-f]{1,63}$/;
/** of what is shown in tables: enough for people, and for this command */
const SHOWN = 12;

export function isHash(text: string): boolean {
  return WHOLE.test(text);
}

/** @throws UsageError */
export function demandHash(text: string): string {
  if (isHash(text)) return text;
  throw new UsageError(
    `"${printableLine(text)}" is no hash: 64 lower-case hexadecimal digits, or a CID of IPFS`,
  );
}

/** As much of each as tells it from the others. */
export function shortHashes(hashes: Iterable<string>): (hash: string) => string {
  const all = [...hashes];
  let length = SHOWN;
  while (length < 64 && new Set(all.map((hash) => hash.slice(0, length))).size < new Set(all).size)
    length += 4;
  return (hash) => hash.slice(0, length);
}

/** @throws CommandError when none begins so, UsageError when several do or it is no hash at all */
export function completed(text: string, known: Iterable<string>): string {
  if (isHash(text)) return text;
  if (!BEGINNING.test(text)) return demandHash(text);
  // What the node names is to become part of a path: nothing but hashes.
  const found = [...new Set(known)].filter((hash) => isHash(hash) && hash.startsWith(text));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first === undefined) {
    const message = `The node knows no VM whose hash begins with ${text}`;
    const advice = "`alcove aleph list --all` shows what is there.";
    throw new CommandError(message, EXIT.notFound, { advice, code: "not_found" });
  }
  const short = shortHashes(found);
  throw new UsageError(`${text} is the beginning of ${found.map(short).join(" and ")}`);
}

/** Whole ones are taken as they are, and nothing is asked for them. @throws as `completed` */
export async function vmHashes(
  node: NodeClient,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (texts.every(isHash)) return texts;
  const known = await knownVms(node, signal);
  return texts.map((text) => completed(text, known));
}

/** VMs that are or were here. */
async function knownVms(node: NodeClient, signal: AbortSignal): Promise<readonly string[]> {
  const [{ executions }, rows] = await Promise.all([
    listExecutions(node, "all", signal),
    listRecords(node, "all", signal),
  ]);
  return [...executions.keys(), ...rows.map(({ vm_hash }) => vm_hash)];
}

/** The execution of that VM. @throws CommandError when it is not listed */
export function executionOf(executions: Executions, hash: string) {
  const execution = executions.get(hash);
  if (execution) return execution;
  throw new CommandError(`The node does not run ${hash}`, EXIT.notFound, {
    code: "not_found",
    advice: "`alcove aleph list --all` shows what is there.",
  });
}
