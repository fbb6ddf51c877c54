/** Valid VM records for tests: only what matters to a test is spelled out in it. */

import { newVmId } from "#core/ids.ts";
import type { VmRecord } from "#core/vm/vm.ts";

export function aVmRecord(different: Partial<VmRecord>): VmRecord {
  return {
    id: newVmId(),
    hostname: "sbox-1",
    group: "sbox",
    kind: "sandbox",
    owner: undefined,
    spec: {
      vcpus: 1,
      memoryMiB: 256,
      image: "base",
      diskBytes: undefined,
      network: { settings: { mode: "none" }, dns: [], override: undefined },
      tags: [],
      sshKeys: [],
      userdata: undefined,
      secrets: "all",
    },
    imageId: "0".repeat(64),
    hypervisor: "fake",
    networkSlot: 0,
    mac: "02:00:00:00:00:01",
    address: undefined,
    layer: undefined,
    origin: { how: "boot", why: undefined },
    receipt: undefined,
    createdAt: new Date(1_000),
    state: {
      phase: "created",
      since: new Date(1_000),
      reason: undefined,
      machine: undefined,
      saved: undefined,
    },
    ...different,
  };
}
