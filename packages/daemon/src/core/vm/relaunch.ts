/** Boot a VM again that has ended: from its own disk, under its own name. */

import { unlessAborted } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import { nextPhase } from "./lifecycle.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { Vms } from "./vms.ts";

/**
 * Resolves when the start is under way; a stop that is under way ends first.
 * @throws AlcoveError `wrong_phase` when the VM runs or is none that is kept, `no_capacity`
 */
export async function relaunch(vms: Vms, vm: VmSupervisor, signal: AbortSignal): Promise<void> {
  const { hostname, kind } = vm.record;
  if (kind === "sandbox") throw refused(vm, `${hostname} is not persistent: it ends for good`);
  await stopEnds(vms, vm, signal);
  if (!nextPhase(vm.phase, "start")) throw refused(vm, `${hostname} is ${vm.phase}, not stopped`);
  await vms.startAgain(vm, signal);
}

async function stopEnds(vms: Vms, vm: VmSupervisor, signal: AbortSignal): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  using _listening = vms.onChange((it) => {
    if (it === vm && vm.phase !== "stopping") resolve();
  });
  if (vm.phase === "stopping") await unlessAborted(ended, signal);
}

function refused(vm: VmSupervisor, message: string): AlcoveError {
  const { hostname } = vm.record;
  return new AlcoveError("wrong_phase", message, { hostname, phase: vm.phase, input: "relaunch" });
}
