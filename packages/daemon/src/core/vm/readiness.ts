/** Waiting until a VM can be used, or cannot be any more. */

import { pause, unlessAborted } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import { type GuestLink, SessionLost } from "../ports/guest-link.ts";
import { isAtRest, type VmPhase } from "./lifecycle.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { Vms } from "./vms.ts";

/** `agent`: the guest answers. `userdata`: and its first-boot script has ended. */
export type Readiness = "agent" | "userdata";

const USERDATA_POLL_MS = 100;

/**
 * Resolves when the VM is ready.
 * @throws AlcoveError `hypervisor_failed` as soon as the VM cannot become ready any more
 */
export async function becomesReady(
  vms: Vms,
  vm: VmSupervisor,
  readiness: Readiness,
  signal: AbortSignal,
): Promise<void> {
  const link = await agentAnswers(vms, vm, signal);
  if (readiness === "userdata") await userdataEnds(vms, vm, link, signal);
}

async function agentAnswers(vms: Vms, vm: VmSupervisor, signal: AbortSignal): Promise<GuestLink> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const { promise: machine, resolve } = Promise.withResolvers<void>();
  const look = (it: VmSupervisor) => {
    if (it !== vm) return;
    if (vm.contact) resolve();
    if (isAtRest(vm.phase) && vm.phase !== "created") reject(ended(vm));
  };
  using _listening = vms.onChange(look);
  look(vm);
  over.catch(() => {}); // also when nobody races it any more
  await unlessAborted(Promise.race([machine, over]), signal);
  const link = contactOf(vm)
    .link(signal)
    .catch(() => {
      signal.throwIfAborted();
      return unlessAborted(over, signal); // the machine has ended, and why is about to be recorded
    });
  return await Promise.race([over, link]); // still listening while it waits
}

async function userdataEnds(
  vms: Vms,
  vm: VmSupervisor,
  link: GuestLink,
  signal: AbortSignal,
): Promise<void> {
  let current = link;
  while (!(await userdataRan(current, signal))) {
    await pause(USERDATA_POLL_MS, signal);
    current = await agentAnswers(vms, vm, signal); // the script may have rebooted the guest
  }
}

async function userdataRan(link: GuestLink, signal: AbortSignal): Promise<boolean> {
  try {
    const { userdata } = await link.health(signal);
    return userdata.ran;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SessionLost) return false; // between two boots, or after the last
    throw error;
  }
}

function contactOf(vm: VmSupervisor) {
  if (vm.contact) return vm.contact;
  throw ended(vm);
}

function ended(vm: VmSupervisor): AlcoveError {
  const { hostname, hypervisor, state } = vm.record;
  const phase: VmPhase = state.phase;
  const why = state.reason ?? "no reason is known";
  return new AlcoveError("hypervisor_failed", `${hostname} is ${phase}: ${why}`, { hypervisor });
}
