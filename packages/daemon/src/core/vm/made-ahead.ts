/**
 * Machines that were made before anybody asked for a VM, as VMs see them: what they take of the host, and how one of
 * them becomes a VM's. Keeping some ready is `core/pool/`'s.
 */

import type { Share } from "../host/capacity.ts";
import type { Machine } from "../ports/machine.ts";
import { nextHostname } from "./naming.ts";
import type { NewVm } from "./new-record.ts";
import type { WayIn } from "./occupancy.ts";
import type { VmKind, VmOrigin, VmRecord, VmSpec } from "./vm.ts";

export interface MadeAhead {
  /** their places in the host's address plan, which nobody else may have */
  places(): readonly VmRecord[];
  /** what they hold of the host, unlike VMs: as much as they use */
  shares(): readonly Share[];
  /** Takes one for a VM; `undefined` when there is none for such a one. */
  claim(wanted: Wish): Claim | undefined;
  /**
   * Ends one that nobody has claimed, so that a VM finds room.
   * @returns whether there was one; nothing is left of it then
   */
  giveWay(fits: (place: VmRecord) => boolean): Promise<boolean>;
}

/** What a VM must be to find a machine that was made ahead. */
export interface Wish {
  /** the host group's name */
  readonly group: string;
  readonly kind: VmKind;
  readonly spec: VmSpec;
  readonly origin: VmOrigin;
  /** bare IPv4 that it would like to have */
  readonly wantedAddress: string | undefined;
}

/**
 * Its guest is connected and stands still. It is somebody of its own already but for its name: `dialer` begins with
 * the session that there is, and `renewGuest` with what its agent has confirmed.
 */
export interface AheadMachine extends WayIn {
  readonly machine: Machine;
}

/** One that is about to be a VM's: unless it is kept, disposing this puts it back as it was. */
export interface Claim extends AheadMachine, Disposable {
  readonly place: VmRecord;
  /** It is a VM's from now on, which is on record. */
  keep(): void;
}

export const nothingAhead: MadeAhead = {
  places: () => [],
  shares: () => [],
  claim: () => undefined,
  giveWay: async () => false,
};

/**
 * The record of a VM whose machine was made ahead. It has one from the beginning: a daemon that dies before the VM
 * runs leaves something to adopt.
 * @param others all VMs there are
 */
export function claimedRecord(
  { place, machine }: Claim,
  { kind, spec, createdAt, group, hostname }: NewVm,
  others: readonly VmRecord[],
): VmRecord {
  const taken = new Set(others.map((other) => other.hostname));
  const state = { ...place.state, phase: "starting", since: createdAt } as const;
  return {
    ...place,
    kind,
    spec,
    createdAt,
    hostname: hostname ?? nextHostname(group, taken),
    state: { ...state, machine: machine.handle },
  };
}
