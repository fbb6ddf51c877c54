/** Looks for the machine that an earlier daemon left. */

import type { Hypervisor, Machine, Whereabouts } from "../ports/hypervisor.ts";
import type { Log } from "../ports/log.ts";
import type { VmRecord } from "./vm.ts";

export interface Search {
  readonly hypervisor: Hypervisor;
  readonly whereabouts: (record: VmRecord) => Whereabouts;
  readonly log: Log;
}

/** @returns the machine; or why there is none, for people: then what may be left is not ours any more */
export async function findMachine(
  record: VmRecord,
  { hypervisor, whereabouts, log }: Search,
  signal: AbortSignal,
): Promise<Machine | string> {
  try {
    const handle = record.state.machine;
    const machine = await hypervisor.adopt(whereabouts(record), handle, signal);
    return machine ?? "The VM's process was gone when the daemon started";
  } catch (error) {
    signal.throwIfAborted();
    log.error("vm.adopt_failed", { error });
    return `The daemon started and could not take the VM over: ${reasonOf(error)}`;
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
