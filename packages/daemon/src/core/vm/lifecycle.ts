/**
 * Which phase follows which: the one statement of a VM's life.
 *
 * Commands come from people, reports come from hypervisors. A pair that is
 * absent from the table is not allowed. Nothing here waits, logs or throws.
 *
 *     created ─start→ starting ─booted→ running ⇄ paused
 *                        │                 │        │
 *                      failed ←─crashed────┴────────┤
 *                                                   │ stop, kill
 *     deleted ←─delete── stopped ←─exited── stopping┘
 */

export const VM_PHASES = [
  "created",
  "starting",
  "running",
  "paused",
  "stopping",
  "stopped",
  "failed",
  "deleted",
] as const;

export type VmPhase = (typeof VM_PHASES)[number];
export type VmCommand = "start" | "pause" | "resume" | "stop" | "kill" | "delete";
/** `lost`: the machine was gone when a new daemon came to adopt it */
export type VmReport = "booted" | "exited" | "crashed" | "lost";
export type VmInput = VmCommand | VmReport;

const NEXT: Record<VmPhase, Partial<Record<VmInput, VmPhase>>> = {
  created: { start: "starting", delete: "deleted" },
  starting: {
    booted: "running",
    exited: "failed",
    crashed: "failed",
    lost: "failed",
    kill: "stopping",
  },
  running: {
    pause: "paused",
    stop: "stopping",
    kill: "stopping",
    exited: "stopped",
    crashed: "failed",
    lost: "failed",
  },
  paused: {
    resume: "running",
    stop: "stopping",
    kill: "stopping",
    exited: "stopped",
    crashed: "failed",
    lost: "failed",
  },
  stopping: { kill: "stopping", exited: "stopped", crashed: "stopped", lost: "stopped" },
  stopped: { start: "starting", delete: "deleted" },
  failed: { start: "starting", delete: "deleted" },
  deleted: {},
};

/** @returns the phase that follows, or `undefined` when the input is not allowed */
export function nextPhase(phase: VmPhase, input: VmInput): VmPhase | undefined {
  return NEXT[phase][input];
}

/** Whether memory and CPUs of the host are promised to a VM in this phase: one that was just made is about to start. */
export function holdsShare(phase: VmPhase): boolean {
  return phase === "created" || hasMachine(phase);
}

/** Whether a VM in this phase has, or is getting, a machine. */
export function hasMachine(phase: VmPhase): boolean {
  return NEXT[phase].lost !== undefined;
}

/** Whether nothing more will happen to a VM by itself. */
export function isAtRest(phase: VmPhase): boolean {
  return !hasMachine(phase);
}
