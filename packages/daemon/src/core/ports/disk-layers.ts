/**
 * Disks that were written to once and never will be again.
 *
 * A layer is an overlay that was sealed: it stands on another layer or on an image, and any number of
 * overlays stand on it. It is whole or not there.
 */

import type { LayerId } from "../ids.ts";
import type { DiskLayer } from "./machine.ts";

/** A disk of an image: never written to. */
export interface BaseDisk {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly virtualSizeBytes: number;
}

/** What an overlay stands on: a layer, and the image at the very bottom. */
export interface Ground {
  readonly image: BaseDisk;
  readonly layer: LayerId | undefined;
}

export interface SealedLayer {
  readonly id: LayerId;
  /** `undefined`: it stands on the image itself */
  readonly parent: LayerId | undefined;
  /** the image at the very bottom, by id */
  readonly imageId: string;
  /** as the guest sees it */
  readonly virtualSizeBytes: number;
  /** what it takes on the disk */
  readonly allocatedBytes: number;
  readonly sealedAt: Date;
}

export interface DiskLayers {
  /** @throws AlcoveError `layer_missing` when there is no such layer */
  get(id: LayerId): SealedLayer;

  /**
   * What a driver reads below an overlay: the layer, those below it, and the image.
   * @throws AlcoveError `layer_missing` when one of them is not there
   */
  below(ground: Ground): DiskLayer;

  /** @throws AlcoveError `no_capacity` when what stands on `parent` cannot be sealed: the chain would become too long */
  mustTakeAnother(parent: LayerId | undefined): void;

  /**
   * Makes a VM's overlay, as it is now, a layer: durable when this resolves. The VM has the same file under its own
   * name until that is removed, and must not write to it again.
   * @param id chosen by the caller, so that it can be on record first
   * @throws AlcoveError `no_capacity` when the chain below would become too long
   */
  seal(id: LayerId, from: SealedFrom): Promise<SealedLayer>;

  /** every layer that there is */
  list(): readonly SealedLayer[];

  /** Removes every layer but those in `used` and what these stand on. @returns ids of those removed */
  keepOnly(used: Iterable<LayerId>): Promise<readonly LayerId[]>;
}

export interface SealedFrom {
  readonly vmId: string;
  readonly ground: Ground;
  readonly imageId: string;
}
