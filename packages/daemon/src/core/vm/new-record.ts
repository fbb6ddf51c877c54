/** The record of a VM that is about to be made: a free name, a free place in the address plan. */

import type { HostGroup } from "../group/host-group.ts";
import { newVmId } from "../ids.ts";
import { addressOf } from "../network/addresses.ts";
import { freeSlot } from "../network/user-network.ts";
import { nextHostname } from "./naming.ts";
import type { VmKind, VmRecord, VmSpec } from "./vm.ts";

export interface NewVm {
  readonly group: HostGroup;
  readonly kind: VmKind;
  readonly spec: VmSpec;
  readonly imageId: string;
  /** driver that boots it */
  readonly hypervisor: string;
  readonly createdAt: Date;
}

/**
 * @param others all VMs there are
 * @throws AlcoveError `no_capacity` when no address is left
 */
export function newRecord(vm: NewVm, others: readonly VmRecord[]): VmRecord {
  const { group, createdAt } = vm;
  const networkSlot = freeSlot(new Set(others.map((other) => other.networkSlot)));
  return {
    ...vm,
    id: newVmId(),
    hostname: nextHostname(group.name, new Set(others.map(({ hostname }) => hostname))),
    group: group.name,
    networkSlot,
    address: addressOf(group.network, networkSlot),
    state: { phase: "created", since: createdAt, reason: undefined, machine: undefined },
  };
}
