/** What VMs take of the host's memory, beside what was promised to them. */

import { MIB } from "#lib/bytes.ts";
import { inParallel } from "#lib/in-parallel.ts";

import { VMM_OVERHEAD_MIB } from "../host/capacity.ts";
import type { MemoryUse, ProcessMemory } from "../ports/process-memory.ts";
import { holdsShare } from "./lifecycle.ts";
import type { VmSupervisor } from "./supervisor.ts";

export interface VmMemory {
  /** promised to it, with what its hypervisor needs itself, in bytes; 0 while it has no machine */
  readonly reservedBytes: number;
  /** `undefined` while it has no process, or nobody can look at it */
  readonly use: MemoryUse | undefined;
}

/** processes looked at at a time: the kernel walks all pages of each */
const WIDTH = 50;

/** @returns in the order of `vms` */
export async function memoryOf(
  vms: readonly VmSupervisor[],
  memory: ProcessMemory,
): Promise<readonly VmMemory[]> {
  const uses = new Map<VmSupervisor, MemoryUse | undefined>();
  await inParallel(WIDTH, vms, async (vm) => {
    if (vm.pid !== undefined) uses.set(vm, await memory.of(vm.pid));
  });
  return vms.map((vm) => ({ reservedBytes: reservedBytes(vm), use: uses.get(vm) }));
}

/** @returns what was promised to it, with what its hypervisor needs itself; 0 while it has no machine */
export function reservedBytes({ phase, record }: VmSupervisor): number {
  return holdsShare(phase) ? (record.spec.memoryMiB + VMM_OVERHEAD_MIB) * MIB : 0;
}
