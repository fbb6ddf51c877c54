/** How an execution is doing, for whoever lists it: from what is stored, and what its machine says. Pure. */

import type { ExecutableContent } from "../message/content.ts";
import type { InstancePhase } from "../ports/machine-room.ts";
import type { ExecutionRecord } from "./record.ts";

export type ExecutionState =
  | "defined"
  | "preparing"
  | "prepared"
  | "starting"
  | "awaiting confidential init"
  | "running"
  | "stopping"
  /** it has ended; a VM that was stopped stays known until it is erased */
  | "stopped";

export interface ExecutionView {
  readonly record: ExecutionRecord;
  /** of `record.message` */
  readonly content: ExecutableContent;
  readonly state: ExecutionState;
  /** whether there is a machine: also one whose processors stand still until it has its secret */
  readonly running: boolean;
  /** whether its owner has to send a session before it can be started */
  readonly awaitingConfidentialInit: boolean;
  /** why it does not run, for people */
  readonly reason: string | undefined;
}

/** @param machine `undefined` when the host has none of it */
export function viewOf(
  record: ExecutionRecord,
  content: ExecutableContent,
  machine: InstancePhase | undefined,
): ExecutionView {
  const state = stateOf(record, machine);
  return {
    record,
    content,
    state,
    running: state === "running" || (state === "stopping" && hasProcessors(machine)),
    awaitingConfidentialInit: state === "awaiting confidential init",
    reason: machine?.reason,
  };
}

function stateOf(record: ExecutionRecord, machine: InstancePhase | undefined): ExecutionState {
  const { times, ended, confidential } = record;
  if (ended !== undefined) return "stopped";
  if (times.stopping !== undefined) return "stopping";
  if (times.started === undefined) return stateBeforeStart(record);
  if (confidential?.step === "awaiting session") return "awaiting confidential init";
  // A machine that has crashed, or is being replaced, comes back by itself.
  return hasProcessors(machine) ? "running" : "starting";
}

function stateBeforeStart({ times }: ExecutionRecord): ExecutionState {
  if (times.starting !== undefined) return "starting";
  if (times.prepared !== undefined) return "prepared";
  return times.preparing === undefined ? "defined" : "preparing";
}

/** Whether there is a machine that runs, or stands still with all it has. */
export function hasProcessors(machine: InstancePhase | undefined): boolean {
  return machine?.phase === "running" || machine?.phase === "paused";
}

/** Whether its owner had a VM started here, and no scheduler, as far as can be told: by what is paid, and what it needs. */
export function isOwners({ record, content }: ExecutionView): boolean {
  const isPaidBySecond = content.payment.type !== "hold";
  return isPaidBySecond || record.gpus.length > 0 || record.confidential !== undefined;
}
