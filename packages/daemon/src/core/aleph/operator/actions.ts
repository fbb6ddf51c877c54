/** What the operator of a node may ask of an execution now. Pure. */

import type { ExecutionState, ExecutionView } from "../execution/view.ts";

export const OPERATOR_ACTIONS = ["stop", "reboot", "erase"] as const;

export type OperatorAction = (typeof OPERATOR_ACTIONS)[number];

/** `stopped`: a reboot starts it again */
const ALLOWED = {
  defined: ["stop", "erase"],
  preparing: ["stop", "erase"],
  prepared: ["stop", "erase"],
  starting: ["stop", "erase"],
  "awaiting confidential init": ["stop", "erase"],
  running: ["stop", "reboot", "erase"],
  stopping: ["erase"],
  stopped: ["reboot", "erase"],
} as const satisfies Record<ExecutionState, readonly OperatorAction[]>;

/** Nothing is asked of one that is being erased; a program that runs when it is called is not started otherwise. */
export function actionsFor({
  state,
  record,
}: Pick<ExecutionView, "state" | "record">): readonly OperatorAction[] {
  const { task, ended, vmType } = record;
  if (ended === "erased" || (task?.what === "stop" && task.end === "erased")) return [];
  const isCalled = vmType === "microvm" && state === "stopped";
  return ALLOWED[state].filter((action) => action !== "reboot" || !isCalled);
}
