/** One VM's supervisor without the rest of the host around it. */

import assert from "node:assert/strict";

import { VmStarts } from "#core/trace/vm-starts.ts";
import { KeptMemory } from "#core/vm/kept-memory.ts";
import type { SupervisorDeps } from "#core/vm/supervisor-deps.ts";
import { VmSupervisor } from "#core/vm/supervisor.ts";
import type { VmRecord } from "#core/vm/vm.ts";
import type { VmsDeps } from "#core/vm/vms.ts";

/** what the rest of the host is made of, less what VMs share */
export type LoneParts = Omit<VmsDeps, "templates" | "keptLayers">;

/** @param different what the test wants otherwise than in `parts` */
export function loneVm(
  record: VmRecord,
  parts: LoneParts,
  different: Partial<SupervisorDeps>,
): VmSupervisor {
  const { hypervisor = parts.hypervisor } = different;
  const memory = new KeptMemory({ ...parts, hypervisor });
  const alone = {
    announce: () => {},
    touched: () => {},
    release: async () => {},
    fork: async () => assert.fail("this VM comes from no template"),
    emptyDisk: async () => assert.fail("this VM comes from no template"),
    onUnconfirmed: () => assert.fail("this VM is no copy"),
    memory,
    starts: new VmStarts(undefined, () => {}),
  };
  return new VmSupervisor(record, { ...parts, ...alone, ...different });
}
