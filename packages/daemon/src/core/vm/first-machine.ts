/** The first machine of a new VM: from a template where its record names one, and booted otherwise. */

import { AlcoveError } from "../errors.ts";
import type { BootPlan, Machine } from "../ports/machine.ts";
import type { Log } from "../ports/log.ts";
import type { ContactStart } from "./guest-contact.ts";
import type { VmLife } from "./life.ts";
import { reasonOf } from "./occupancy.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import { isUnrenewedCopy } from "./vm.ts";

const never = new AbortController().signal;

export interface FirstMachine {
  readonly machine: Machine;
  readonly start: ContactStart;
}

export interface FirstMachineParts {
  readonly life: VmLife;
  readonly deps: SupervisorDeps;
  readonly log: Log;
  /** whether it never had a machine, so that its disk is as it was made */
  readonly isNew: boolean;
}

/**
 * A copy that had a machine before and never confirmed who it is boots from its disk, and is asked again.
 * A VM whose template turns out to be of no use gets an empty disk and boots, and its
 * record says so.
 */
export async function firstMachine(
  plan: BootPlan,
  { life, deps, log, isNew }: FirstMachineParts,
  signal: AbortSignal,
): Promise<FirstMachine> {
  const { hypervisor, fork, planFor } = deps;
  const copied = isUnrenewedCopy(life.record);
  if (!isNew || !copied || life.record.origin.how !== "template") {
    const start = copied ? "copied" : "fresh";
    return { machine: await hypervisor.boot(plan, signal), start };
  }
  try {
    return { machine: await fork(life.record, plan, signal), start: "copied" };
  } catch (error) {
    signal.throwIfAborted();
    if (AlcoveError.is(error, "no_capacity")) throw error;
    log.warn("vm.fork_failed", { error });
    await deps.emptyDisk(life.record, undefined, signal);
    life.setGround(undefined, { how: "boot", why: reasonOf(error) });
    deps.starts.took("retry");
    const machine = await hypervisor.boot(await planFor(life.record, signal), signal);
    return { machine, start: "fresh" };
  }
}

/** Lets a machine run that was made ahead. @returns whether it does; nothing of it is left otherwise */
export async function comesToLife(ahead: Machine, log: Log): Promise<boolean> {
  try {
    await ahead.pausing?.resume(never);
    return true;
  } catch (error) {
    log.warn("vm.machine_ahead_failed", { error });
    await endedOrLeft(ahead, log);
    return false;
  }
}

/** What is left keeps the next machine from being made, which says why. */
async function endedOrLeft(machine: Machine, log: Log): Promise<void> {
  try {
    await machine[Symbol.asyncDispose]();
  } catch (error) {
    log.error("vm.machine_ahead_left", { error });
  }
}
