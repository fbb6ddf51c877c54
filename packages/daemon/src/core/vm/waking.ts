/** What the last daemon suspended only to end itself goes on under this one. */

import { inParallel } from "#lib/in-parallel.ts";

import { restore } from "./restore.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { Vms } from "./vms.ts";

/** How many VMs are restored at a time. */
const PARALLEL = 4;

const never = new AbortController().signal;

/**
 * In the background of the daemon's work. What cannot be restored stays suspended: the log says why, and
 * the next daemon tries again. Never rejects.
 * @param signal the daemon ends: nothing more is begun
 */
export async function wakeAll(vms: Vms, signal: AbortSignal): Promise<void> {
  await inParallel(PARALLEL, vms.list().filter(isToWake), (vm) =>
    vms.inBackground(vm, "vm.restore_failed", () => wake(vms, vm, signal)),
  );
}

function isToWake({ phase, record }: VmSupervisor): boolean {
  return phase === "suspended" && record.state.saved?.restoreAtStart === true;
}

async function wake(vms: Vms, vm: VmSupervisor, signal: AbortSignal): Promise<void> {
  if (signal.aborted || !isToWake(vm)) return; // somebody was faster
  try {
    await restore(vms, vm, undefined, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await vm.settled(never);
}
