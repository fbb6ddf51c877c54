/** Where VMs are remembered. Every method is one transaction, durable when it returns. */

import type { LayerId, VmId } from "../ids.ts";
import type { VmKind, VmOrigin, VmRecord, VmSpec, VmState } from "../vm/vm.ts";
import type { GuestReceipt } from "./guest-identity.ts";

/** Something that happened to a VM, kept for people. */
export interface VmEvent {
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
  saveState(id: VmId, state: VmState, event: VmEvent): void;
  saveTags(id: VmId, tags: readonly string[]): void;
  /** stores what the configuration makes of a VM now */
  saveDeclaration(id: VmId, declaration: Declaration): void;
  /** stores what its disk stands on now, and how it came to be */
  saveGround(id: VmId, layer: LayerId | undefined, origin: VmOrigin): void;
  saveReceipt(id: VmId, receipt: GuestReceipt): void;
  /** what disks of VMs stand on */
  layers(): readonly LayerId[];
  remove(id: VmId): void;
  /** of VMs without an owner; newest first */
  events(limit: number): readonly VmEvent[];
}
