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
 *
 *     running, paused ─suspend→ suspending ─saved→ suspended ─restore→ restoring ─booted→ running
 *                                                      └──←─crashed, lost──┘
 *
 * A save that fails leads back to where it came from; a restore that fails costs nothing, and a
 * suspended VM that is stopped gives up its memory.
 */

export const VM_PHASES = [
  "created",
  "starting",
  "running",
  "paused",
  "suspending",
  "suspended",
  "restoring",
  "stopping",
  "stopped",
  "failed",
  "deleted",
] as const;

export type VmPhase = (typeof VM_PHASES)[number];
export type VmCommand =
  | "start"
  | "pause"
  | "resume"
  | "suspend"
  | "restore"
  | "stop"
  | "kill"
  | "delete";
/**
 * `saved`: the machine has ended, and all of its memory is kept. `lost`: it was gone when a new
 * daemon came to adopt it.
 */
export type VmReport = "booted" | "exited" | "crashed" | "lost" | "saved";
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
    suspend: "suspending",
    stop: "stopping",
    kill: "stopping",
    exited: "stopped",
    crashed: "failed",
    lost: "failed",
  },
  paused: {
    resume: "running",
    suspend: "suspending",
    stop: "stopping",
    kill: "stopping",
    exited: "stopped",
    crashed: "failed",
    lost: "failed",
  },
  suspending: {
    saved: "suspended",
    resume: "running",
    pause: "paused",
    kill: "stopping",
    exited: "stopped",
    crashed: "failed",
    lost: "failed",
  },
  suspended: { restore: "restoring", stop: "stopped", delete: "deleted" },
  restoring: {
    booted: "running",
    kill: "stopping",
    exited: "suspended",
    crashed: "suspended",
    lost: "suspended",
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

/** Whether a VM in this phase has memory that is kept, or being kept, as files. */
export function keepsMemory(phase: VmPhase): boolean {
  return phase === "suspending" || phase === "suspended" || phase === "restoring";
}

/** Whether the machine of a VM in this phase has ended, and its disk is all that it is: that can be kept, or started anew. */
export function hasEnded(phase: VmPhase): boolean {
  return phase === "stopped" || phase === "failed";
}

/** Whether nothing more will happen to a VM by itself. */
export function isAtRest(phase: VmPhase): boolean {
  return !hasMachine(phase);
}
