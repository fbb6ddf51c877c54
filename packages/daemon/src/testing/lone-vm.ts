/** One VM's supervisor without the rest of the host around it. */

import { KeptMemory } from "#core/vm/kept-memory.ts";
import type { SupervisorDeps } from "#core/vm/supervisor-deps.ts";
import { VmSupervisor } from "#core/vm/supervisor.ts";
import type { VmRecord } from "#core/vm/vm.ts";
import type { VmsDeps } from "#core/vm/vms.ts";

/** @param different what the test wants otherwise than in `parts` */
export function loneVm(
  record: VmRecord,
  parts: VmsDeps,
  different: Partial<SupervisorDeps>,
): VmSupervisor {
  const { hypervisor = parts.hypervisor } = different;
  const memory = new KeptMemory({ ...parts, hypervisor });
  const alone = { announce: () => {}, release: async () => {}, memory };
  return new VmSupervisor(record, { ...parts, ...alone, ...different });
}
