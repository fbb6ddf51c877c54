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

  /**
   * Replaces a root disk, and if wanted the volumes that are written to, by new ones as of the beginning: each is
   * there as it was, or new.
   */
  renew(set: InstanceDiskSet, volumes: "keep" | "remove", signal: AbortSignal): Promise<void>;

  /** Removes everything of a VM, so that the next `make` begins anew. Harmless when there is nothing. */
  remove(vmHash: ItemHash): Promise<void>;
}

/** What a machine is made with. */
export interface InstanceDiskSet {
  readonly root: OwnRoot;
  /** the seed last */
  readonly volumes: readonly VmVolume[];
  /** whether nothing of the VM was there before */
  readonly isNew: boolean;
}
