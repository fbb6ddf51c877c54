/** The port to the disks of instances: files that outlive the VM they were made for, found again by its hash. */

import type { OwnRoot, VmVolume } from "../../vm/vm.ts";
import type { ItemHash } from "../item-hash.ts";
import type { InstanceOrder } from "./machine-room.ts";

export interface InstanceDisks {
  /**
   * Makes root disk, volumes and seed of a VM; what is there already is taken as it is, but for the seed. On failure
   * nothing new is left.
   * @throws Refusal for a parent that is no disk, or of which nothing can be made
   */
  make(order: InstanceOrder, signal: AbortSignal): Promise<InstanceDiskSet>;

  /** Removes the root disk and, if wanted, the volumes: the next `make` begins anew. Harmless when there is nothing. */
  remove(vmHash: ItemHash, volumes: "keep" | "remove"): Promise<void>;
}

/** What a machine is made with. */
export interface InstanceDiskSet {
  readonly root: OwnRoot;
  /** the seed last */
  readonly volumes: readonly VmVolume[];
}
