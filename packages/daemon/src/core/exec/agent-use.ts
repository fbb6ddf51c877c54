/** When work was last given to the agents of VMs. Remembered by this daemon only: the next one does not know. */

import { systemClock } from "../ports/clock.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";

const LAST_USES = new WeakMap<VmSupervisor, Date>();

export function noteUse(vm: VmSupervisor): void {
  LAST_USES.set(vm, systemClock.now());
}

/** When somebody last had something done in a VM, health checks and meters aside. */
export function lastUseOf(vm: VmSupervisor): Date | undefined {
  return LAST_USES.get(vm);
}
