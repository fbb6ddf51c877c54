/** Takes new VMs into the host: admitted, with files and a record, or not at all. */

import { AlcoveError } from "../errors.ts";
import type { HostGroup } from "../group/host-group.ts";
import { admitCount, type CapacityLimits } from "../host/capacity.ts";
import type { LayerId } from "../ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import type { ResolvedImage } from "../ports/image-store.ts";
import type { VmStore } from "../ports/vm-store.ts";
import type { Admissions } from "./admissions.ts";
import type { StartTrace } from "../trace/start-trace.ts";
import { type Claim, claimedRecord, type MadeAhead } from "./made-ahead.ts";
import { type NewVm, newRecord } from "./new-record.ts";
import type { SavedMemory, VmKind, VmOrigin, VmRecord, VmSpec } from "./vm.ts";

export interface Newcomer {
  readonly group: HostGroup;
  readonly kind: VmKind;
  /** `undefined` takes the group's next */
  readonly hostname: string | undefined;
  /** bare IPv4 that it would like to have */
  readonly wantedAddress: string | undefined;
  readonly spec: VmSpec;
  readonly image: ResolvedImage;
  /** size of its root disk, as the guest sees it */
  readonly diskBytes: number;
  /** what its disk stands on, if not the image itself */
  readonly layer: LayerId | undefined;
  readonly origin: VmOrigin;
  /** whose it is, if not the operator's */
  readonly owner?: string | undefined;
  /** memory that it has from the beginning: then it is suspended, and not created */
  readonly saved?: SavedMemory | undefined;
  /** puts more files beside its disk, before it is on record */
  readonly furnish?: (record: VmRecord) => Promise<void>;
  /** a machine that was made ahead, with its disk: then it is starting, and not created */
  readonly claim?: Claim | undefined;
  /** of its first start, begun with the request */
  readonly trace?: StartTrace;
}

export interface AdditionsDeps {
  readonly admissions: Admissions;
  readonly disks: DiskStore;
  readonly store: VmStore;
  readonly clock: Clock;
  readonly hypervisor: Hypervisor;
  readonly limits: CapacityLimits;
  readonly ahead: MadeAhead;
  /** all VMs there are */
  readonly records: () => readonly VmRecord[];
  /** @throws AlcoveError `name_taken` for a friendly name in use */
  readonly checkName: (tags: readonly string[]) => void;
}

/**
 * @param supervise takes the record over as soon as it is stored
 * @throws AlcoveError `no_capacity`, `name_taken`, `invalid_request`; then nothing is left behind
 */
export async function addVm<Vm>(
  it: Newcomer,
  deps: AdditionsDeps,
  supervise: (record: VmRecord) => Vm,
  signal: AbortSignal,
): Promise<Vm> {
  const { disks, store, hypervisor, clock } = deps;
  using _turn = await deps.admissions.enter(it.spec, signal);
  it.trace?.took("admit");
  admitCount(deps.records().length, deps.limits);
  const made = { imageId: it.image.id, hypervisor: hypervisor.name, createdAt: clock.now() };
  const record = await recordFor({ ...it, ...made }, it.claim, deps);
  const ground = { image: it.image.rootfs, layer: it.layer };
  if (it.spec.root) await disks.createWithoutDisk(record.id);
  else if (!it.claim) await disks.create(record.id, ground, it.diskBytes);
  try {
    await it.furnish?.(record);
    it.trace?.took("disk");
    deps.checkName(record.spec.tags); // now, when nothing can come between it and the list
    store.insert(record);
    it.trace?.took("record");
  } catch (error) {
    if (!it.claim) await disks.remove(record.id); // or it goes back with its machine
    throw error;
  }
  const vm = supervise(record);
  it.claim?.keep();
  return vm;
}

/** A machine made ahead that has the last free place, or the one that is wanted, gives way. */
async function recordFor(
  vm: NewVm,
  claim: Claim | undefined,
  { ahead, records }: AdditionsDeps,
): Promise<VmRecord> {
  if (claim) return claimedRecord(claim, vm, records());
  const { wantedAddress: wanted } = vm;
  if (wanted !== undefined) await ahead.giveWay(({ address }) => address === wanted);
  for (;;) {
    try {
      return newRecord(vm, [...records(), ...ahead.places()]);
    } catch (error) {
      const full = AlcoveError.is(error, "no_capacity");
      const hasPlace = (place: VmRecord) => place.group === vm.group.name;
      if (!full || !(await ahead.giveWay(hasPlace))) throw error;
    }
  }
}
