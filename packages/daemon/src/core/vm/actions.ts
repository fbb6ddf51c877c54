/** What may be asked of a VM now: what its phase allows, its kind, its driver and its agent. The only list of that. */

import { hasEnded, nextPhase, type VmInput, type VmPhase } from "./lifecycle.ts";
import type { VmKind } from "./vm.ts";

export const VM_ACTIONS = [
  "start",
  "pause",
  "resume",
  "suspend",
  "restore",
  "shutdown",
  "reboot",
  "fork",
  "commit",
  "delete",
  "exec",
  "shell",
  "files",
] as const;
export type VmAction = (typeof VM_ACTIONS)[number];

/** What a driver can do with a VM's machine, and with the memory that it left; what it cannot is `undefined`. */
export interface VmPowers {
  readonly pausing: unknown;
  readonly saving: unknown;
  readonly layering: unknown;
  readonly states: unknown;
}

/** What of a VM decides about it. */
export interface ActionFacts {
  readonly phase: VmPhase;
  readonly kind: VmKind;
  /** whether its agent can be reached */
  readonly isReady: boolean;
  /** whether it stands still though nobody paused it */
  readonly isStalled: boolean;
  readonly powers: VmPowers;
}

/** In the order of `VM_ACTIONS`. */
export function actionsOf(vm: ActionFacts): readonly VmAction[] {
  return VM_ACTIONS.filter((action) => MAY[action](vm));
}

const MAY: Record<VmAction, (vm: ActionFacts) => boolean> = {
  // What was just made starts by itself.
  start: (vm) => vm.kind !== "sandbox" && vm.phase !== "created" && takes(vm, "start"),
  pause: (vm) => vm.phase === "running" && takes(vm, "pause") && has(vm, "pausing"),
  // A VM that stands still for want of room tries to go on.
  resume: (vm) => {
    const stands = vm.phase === "running" ? vm.isStalled : vm.phase === "paused";
    return stands && has(vm, "pausing");
  },
  suspend: (vm) => takes(vm, "suspend") && has(vm, "pausing", "saving", "states"),
  restore: (vm) => takes(vm, "restore") && has(vm, "states"),
  shutdown: (vm) => takes(vm, "stop"),
  reboot: answers,
  fork: (vm) => (vm.phase === "paused" || answers(vm)) && has(vm, "pausing", "saving", "layering"),
  commit: (vm) => vm.kind !== "sandbox" && hasEnded(vm.phase),
  // Whatever it does is ended first.
  delete: (vm) => vm.kind !== "service" && (takes(vm, "delete") || takes(vm, "kill")),
  exec: answers,
  shell: answers,
  files: answers,
};

function takes({ phase }: ActionFacts, input: VmInput): boolean {
  return nextPhase(phase, input) !== undefined;
}

function answers({ phase, isReady }: ActionFacts): boolean {
  return phase === "running" && isReady;
}

function has({ powers }: ActionFacts, ...wanted: readonly (keyof VmPowers)[]): boolean {
  return wanted.every((power) => powers[power] !== undefined);
}
