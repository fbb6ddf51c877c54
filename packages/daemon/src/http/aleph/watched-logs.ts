/** What a watcher of a VM's logs is told, whatever carries it: past lines, then live ones while the VM runs. */

import type { ExecutionState } from "#core/aleph/execution/view.ts";
import type { ItemHash } from "#core/aleph/item-hash.ts";

import type { AlephParts } from "./parts.ts";

export interface WatchedLine {
  readonly type: "stdout" | "stderr" | "system";
  readonly message: string;
}

const STARTING: ReadonlySet<ExecutionState> = new Set([
  "defined",
  "preparing",
  "prepared",
  "starting",
]);

/** Ends when the VM does not run any more, or `signal` aborts. */
export async function* watchedLogs(
  { executions, logs }: Pick<AlephParts, "executions" | "logs">,
  hash: ItemHash,
  signal: AbortSignal,
): AsyncGenerator<WatchedLine, undefined> {
  const execution = executions.find(hash);
  if (execution && STARTING.has(execution.state)) {
    yield { type: "system", message: "VM is starting, try again shortly" };
    return undefined;
  }
  const lines = execution?.running === true ? logs.follow(hash, signal) : logs.past(hash, signal);
  for await (const { stream, text } of lines) yield { type: stream, message: text };
  if (!signal.aborted) yield { type: "system", message: "VM is not running, past logs sent" };
  return undefined;
}
