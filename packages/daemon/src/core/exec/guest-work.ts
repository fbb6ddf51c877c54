/**
 * Work inside a guest: which VM it goes to, and whether it may.
 *
 * Commands, copies and shells are the agent's to do; this file finds the agent of a
 * named VM and says plainly why there is none.
 */

import { within } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import type { GuestHealth, GuestLink, GuestStats } from "../ports/guest-link.ts";
import type { GuestReboot } from "../ports/hypervisor.ts";
import type { VmPhase } from "../vm/lifecycle.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { Vms } from "../vm/vms.ts";
import { noteUse } from "./agent-use.ts";

/** How long work waits for an agent that is starting or being restarted. */
const AGENT_PATIENCE_MS = 5_000;
/** A health check answers soon or not at all: clients poll it in loops without time limits of their own. */
const HEALTH_PATIENCE_MS = 1_500;

/**
 * The agent of a running VM; waits a little for one that is just coming up.
 * @throws AlcoveError `wrong_phase` when the VM does not run, `guest_unreachable` when its agent does not answer
 */
export async function agentOf(vm: VmSupervisor, signal: AbortSignal): Promise<GuestLink> {
  const agent = await agentWithin(vm, AGENT_PATIENCE_MS, signal);
  noteUse(vm);
  return agent;
}

export async function healthOf(vm: VmSupervisor, signal: AbortSignal): Promise<GuestHealth> {
  const link = await agentWithin(vm, HEALTH_PATIENCE_MS, signal);
  return answered(vm, link.health(within(HEALTH_PATIENCE_MS, signal)), signal);
}

export async function statsOf(vm: VmSupervisor, signal: AbortSignal): Promise<GuestStats> {
  const link = await agentWithin(vm, HEALTH_PATIENCE_MS, signal);
  return answered(vm, link.stats(within(HEALTH_PATIENCE_MS, signal)), signal);
}

/**
 * Asks the guest to restart itself; the machine stays. Where the machine would end with it, this is a shutdown.
 * @returns which of the two is under way
 */
export async function rebootOf(
  vms: Vms,
  vm: VmSupervisor,
  signal: AbortSignal,
): Promise<GuestReboot> {
  if (vms.guestReboot === "restarts") await answered(vm, vm.reboot(signal), signal);
  else vms.shutDown(vm);
  return vms.guestReboot;
}

async function agentWithin(vm: VmSupervisor, ms: number, signal: AbortSignal): Promise<GuestLink> {
  mustRun(vm);
  const ready = vm.contact?.current;
  if (ready) return ready;
  const { contact } = vm;
  if (!contact) throw unreachable(vm);
  return answered(vm, contact.link(within(ms, signal)), signal);
}

/** Phases with an agent, or soon with one. */
const USABLE: ReadonlySet<VmPhase> = new Set(["created", "starting", "restoring", "running"]);

function mustRun(vm: VmSupervisor): void {
  const { hostname } = vm.record;
  if (vm.stalled !== undefined) {
    const message = `${hostname} stands still: ${vm.stalled}`;
    throw new AlcoveError("no_capacity", message, { resource: "disk", needed: 1, available: 0 });
  }
  if (USABLE.has(vm.phase)) return;
  const details = { hostname, phase: vm.phase, input: "use" };
  const { reason } = vm.record.state;
  const why = reason && vm.phase !== "paused" ? ` (${reason})` : "";
  throw new AlcoveError("wrong_phase", `${hostname} is ${vm.phase}${why}`, details);
}

/** Silence becomes `guest_unreachable`; the caller's own reason stays the caller's. */
async function answered<T>(vm: VmSupervisor, work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AlcoveError) throw cause;
    throw unreachable(vm, cause);
  }
}

function unreachable(vm: VmSupervisor, cause?: unknown): AlcoveError {
  const { hostname } = vm.record;
  const problem = vm.contact?.problem;
  const message = `The agent of ${hostname} does not answer${problem ? `: ${problem}` : " yet"}`;
  return new AlcoveError("guest_unreachable", message, { hostname }, { cause });
}
