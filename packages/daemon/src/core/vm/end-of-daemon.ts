/** What an orderly end of the daemon means for VMs. */

import { inParallel } from "#lib/in-parallel.ts";

import type { VmSupervisor } from "./supervisor.ts";
import type { Vms } from "./vms.ts";

/**
 * `power off`: sandboxes are deleted, all others asked to power off, and kept. `kill`: the same
 * without asking. `suspend`: what runs keeps its memory and runs on under the next daemon.
 */
export type StopMode = "power off" | "kill" | "suspend";

/** How many VMs are ended at a time. */
const PARALLEL = 8;

const never = new AbortController().signal;

/** Resolves when every VM has ended, or been suspended. Never rejects. */
export async function stopAll(vms: Vms, mode: StopMode): Promise<void> {
  await inParallel(PARALLEL, vms.list(), (vm) => {
    if (mode === "suspend") return vms.inBackground(vm, "vm.suspend_failed", () => keep(vms, vm));
    return vms.inBackground(vm, "vm.stop_failed", () => end(vms, vm, mode));
  });
  await vms.settled();
}

/** What is suspended already stays so; what cannot be suspended ends as it would without. */
async function keep(vms: Vms, vm: VmSupervisor): Promise<void> {
  await vm.settled(never);
  if (vm.phase !== "running" && vm.phase !== "paused") return;
  try {
    await vm.suspend({ restoreAtStart: vm.phase === "running" }, never);
  } catch (error) {
    await end(vms, vm, "power off");
    throw error;
  }
}

async function end(vms: Vms, vm: VmSupervisor, mode: "power off" | "kill"): Promise<void> {
  if (vm.record.kind === "sandbox") await vms.delete(vm);
  else if (mode === "kill") await vm.kill("Ended with the daemon", never);
  else await vm.stop(never);
}
