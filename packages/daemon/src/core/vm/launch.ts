/** Create a VM and, if asked, wait until it can be used: all of it, or nothing left behind. */

import { within } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import { becomesReady, type Readiness } from "./readiness.ts";
import type { VmRequest } from "./spec.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { Vms } from "./vms.ts";

export interface LaunchWait {
  readonly until: Readiness;
  readonly timeoutMs: number;
}

/**
 * @param signal the caller left: the wait ends, and the VM stays
 * @throws AlcoveError `timed_out` when the VM was not ready in time; it is gone then
 */
export async function launch(
  vms: Vms,
  order: {
    readonly group: string;
    readonly request: VmRequest;
    readonly wait: LaunchWait | undefined;
  },
  signal: AbortSignal,
): Promise<VmSupervisor> {
  const vm = await vms.create(order.group, order.request, signal);
  if (order.wait) await readyOrGone(vms, vm, order.wait, signal);
  return vm;
}

/**
 * Waits for a new VM.
 * @throws AlcoveError `timed_out`, or what keeps it from being ready; it is gone then
 */
export async function readyOrGone(
  vms: Vms,
  vm: VmSupervisor,
  { until, timeoutMs }: LaunchWait,
  signal: AbortSignal,
): Promise<void> {
  try {
    await becomesReady(vms, vm, until, within(timeoutMs, signal));
  } catch (cause) {
    signal.throwIfAborted();
    const late = cause instanceof Error && cause.name === "TimeoutError";
    const problem = vm.contact?.problem;
    await vms.delete(vm);
    if (!late) throw cause;
    const why = problem ? `; the last problem was: ${problem}` : "";
    const message = `${vm.record.hostname} was not ready (${until}) after ${timeoutMs / 1000} s and has been deleted${why}`;
    throw new AlcoveError("timed_out", message, { afterMs: timeoutMs }, { cause });
  }
}
