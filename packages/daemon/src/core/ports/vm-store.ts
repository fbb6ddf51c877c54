/** Where VMs are remembered. Every method is one transaction, durable when it returns. */

import type { LayerId, VmId } from "../ids.ts";
import type { VmKind, VmOrigin, VmRecord, VmSpec, VmState } from "../vm/vm.ts";
import type { GuestReceipt } from "./guest-identity.ts";

/** Something that happened to a VM, kept for a while. */
export interface VmEvent extends NewVmEvent {
  /** rising; numbers may be left out */
  readonly id: number;
}

export interface NewVmEvent {
  readonly vmId: VmId;
  readonly hostname: string;
  readonly at: Date;
  /** the lifecycle input: "start", "booted", "crashed", … */
  readonly input: string;
  readonly phase: string;
  readonly reason: string | undefined;
}

export interface Declaration {
  readonly kind: VmKind;
  readonly spec: VmSpec;
}

export interface VmStore {
  all(): readonly VmRecord[];
  /** @throws AlcoveError `name_taken` when the host name or the network slot is in use */
  insert(record: VmRecord): void;
  /** stores the state and its event together */
  saveState(id: VmId, state: VmState, event: NewVmEvent): void;
  saveTags(id: VmId, tags: readonly string[]): void;
  /** stores what the configuration makes of a VM now */
  saveDeclaration(id: VmId, declaration: Declaration): void;
  /** stores what its disk stands on now, and how it came to be */
  saveGround(id: VmId, layer: LayerId | undefined, origin: VmOrigin): void;
  saveReceipt(id: VmId, receipt: GuestReceipt): void;
  /** what disks of VMs stand on */
  layers(): readonly LayerId[];
  remove(id: VmId): void;
  /** of VMs without an owner, as the two that follow; newest first */
  events(limit: number): readonly VmEvent[];
  /** those behind the one with this id; oldest first */
  eventsAfter(id: number, limit: number): readonly VmEvent[];
  /** of one VM. @param before only those before the one with this id; newest first */
  eventsOf(vmId: VmId, limit: number, before: number): readonly VmEvent[];
  /** which ids are kept, whosever VMs' they are; both 0 when there are none */
  eventIds(): { readonly oldest: number; readonly newest: number };
}
