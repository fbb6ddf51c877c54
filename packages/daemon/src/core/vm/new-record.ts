/** The record of a VM that is about to be made: a free name, a free place in the address plan. */

import type { HostGroup } from "../group/host-group.ts";
import { type LayerId, newVmId } from "../ids.ts";
import { addressOf } from "../network/addresses.ts";
import { freeSlot, macAddress } from "../network/user-network.ts";
import { nextHostname } from "./naming.ts";
import type { SavedMemory, VmKind, VmOrigin, VmRecord, VmSpec } from "./vm.ts";

export interface NewVm {
  readonly group: HostGroup;
  readonly kind: VmKind;
  /** `undefined` takes the group's next */
  readonly hostname: string | undefined;
  readonly spec: VmSpec;
  readonly imageId: string;
  /** driver that boots it */
  readonly hypervisor: string;
  readonly createdAt: Date;
  /** bare address asked for; `undefined` takes any */
  readonly wantedAddress: string | undefined;
  /** sealed layer that its disk will stand on */
  readonly layer: LayerId | undefined;
  readonly origin: VmOrigin;
  /** whose it is, if not the operator's */
  readonly owner?: string | undefined;
  /** memory that it has from the beginning */
  readonly saved?: SavedMemory | undefined;
}

/**
 * @param others all VMs there are
 * @throws AlcoveError `no_capacity` when no address is left, `invalid_request` when the one asked for cannot be given
 */
export function newRecord(vm: NewVm, others: readonly VmRecord[]): VmRecord {
  const { group, wantedAddress: wanted, saved } = vm;
  const slot = freeSlot(new Set(others.map((other) => other.networkSlot)));
  const taken = new Set(others.flatMap(({ address }) => address ?? []));
  const place = { network: group.network, group: group.name, slot, wanted };
  const hostname = vm.hostname ?? nextHostname(group, new Set(others.map((it) => it.hostname)));
  return {
    id: newVmId(),
    kind: vm.kind,
    owner: vm.owner,
    spec: vm.spec,
    imageId: vm.imageId,
    hypervisor: vm.hypervisor,
    createdAt: vm.createdAt,
    layer: vm.layer,
    origin: vm.origin,
    hostname,
    group: group.name,
    networkSlot: slot,
    mac: macAddress(hostname),
    address: addressOf(place, taken),
    receipt: undefined,
    state: {
      phase: saved ? "suspended" : "created",
      since: vm.createdAt,
      reason: undefined,
      machine: undefined,
      saved,
    },
  };
}
