/** The host as people ask for it: what there is, and what VMs were promised of it. */

import { MIB } from "#lib/bytes.ts";

import type { HostFacts } from "../ports/host-facts.ts";
import { holdsShare } from "../vm/lifecycle.ts";
import type { Vms } from "../vm/vms.ts";
import { VMM_OVERHEAD_MIB } from "./capacity.ts";

export interface HostUse {
  readonly vms: number;
  readonly cpus: { readonly total: number; readonly promised: number };
  /** bytes; `used`: by all programs of the host */
  readonly memory: { readonly total: number; readonly promised: number; readonly used: number };
  /** bytes */
  readonly disk: { readonly total: number; readonly free: number };
}

export async function hostUse(vms: Vms, facts: HostFacts): Promise<HostUse> {
  const [memory, disk] = await Promise.all([facts.memory(), facts.disk()]);
  const specs = vms
    .all()
    .filter((vm) => holdsShare(vm.phase))
    .map((vm) => vm.record.spec);
  const memoryMiB = specs.reduce((sum, spec) => sum + spec.memoryMiB + VMM_OVERHEAD_MIB, 0);
  return {
    vms: vms.list().length,
    cpus: { total: facts.cpuCount(), promised: specs.reduce((sum, { vcpus }) => sum + vcpus, 0) },
    memory: {
      total: memory.totalBytes,
      promised: memoryMiB * MIB,
      used: memory.totalBytes - memory.availableBytes,
    },
    disk: { total: disk.totalBytes, free: disk.freeBytes },
  };
}
