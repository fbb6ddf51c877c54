/** Give a suspended VM its machine back and, if asked, wait until it can be used. */

import { unlessAborted, within } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import { nextPhase } from "./lifecycle.ts";
import { becomesReady } from "./readiness.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { Vms } from "./vms.ts";

const never = new AbortController().signal;

/**
 * Resolves when the restore is under way, or with `waitMs` when the agent answers.
 * @param waitMs how long to wait for the agent; `undefined` does not wait
 * @param signal the caller left: the wait ends, and the restore goes on
 * @throws AlcoveError `wrong_phase` when the VM is not suspended, `no_capacity`, `timed_out` (the
 *   restore goes on), or `state_unusable` and `hypervisor_failed` (the VM is suspended as before)
 */
export async function restore(
  vms: Vms,
  vm: VmSupervisor,
  waitMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { hostname } = vm.record;
  if (!nextPhase(vm.phase, "restore")) {
    const details = { hostname, phase: vm.phase, input: "restore" };
    throw new AlcoveError("wrong_phase", `${hostname} is ${vm.phase}, not suspended`, details);
  }
  const restoring = { into: "restoring", work: () => vm.restore(never) } as const;
  const { done } = await vms.occupy(vm, restoring, signal);
  if (waitMs !== undefined) await agentAnswers(vms, vm, { done, waitMs }, signal);
}

async function agentAnswers(
  vms: Vms,
  vm: VmSupervisor,
  { done, waitMs }: { readonly done: Promise<void>; readonly waitMs: number },
  signal: AbortSignal,
): Promise<void> {
  const till = within(waitMs, signal);
  try {
    await unlessAborted(done, till); // why it failed is said best by itself
    await becomesReady(vms, vm, "agent", till);
  } catch (cause) {
    signal.throwIfAborted();
    if (!(cause instanceof Error && cause.name === "TimeoutError")) throw cause;
    const message = `The agent of ${vm.record.hostname} did not answer within ${waitMs / 1000} s after its restore`;
    throw new AlcoveError("timed_out", message, { afterMs: waitMs }, { cause });
  }
}
