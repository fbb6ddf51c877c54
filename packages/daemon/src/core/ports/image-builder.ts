/** Whoever makes images on this host: builds what there is a recipe for, and takes in disks that somebody brought. */

import type { ImageManifest, KernelManifest } from "../image/manifest.ts";
import type { ReportProgress } from "../image/progress.ts";

export interface Recipe {
  readonly name: string;
  readonly kind: "image" | "kernel";
  /** for people */
  readonly description: string;
}

/** A file of the directory of disks to import. */
export interface BroughtFile {
  readonly file: string;
  readonly sizeBytes: number;
}

export interface BuildOrder {
  readonly what: "build";
  /** of the recipe, and of the image that comes of it */
  readonly name: string;
  /** `fresh`: packages are downloaded again, and it is built although nothing seems to have changed */
  readonly freshness: "cached" | "fresh";
}

export interface ImportOrder {
  readonly what: "import";
  /** of the image that comes of it */
  readonly name: string;
  /** a name in the directory of disks to import, without any way to it */
  readonly file: string;
  /** `undefined`: the one that images are built with */
  readonly kernel: string | undefined;
  /** device that the kernel mounts as root; `undefined`: the whole disk */
  readonly rootDevice: string | undefined;
}

export type MakingOrder = BuildOrder | ImportOrder;

export interface MadeImage {
  readonly manifest: ImageManifest | KernelManifest;
  /** `unchanged`: nothing it is made of has changed since the last build */
  readonly outcome: "built" | "unchanged";
}

export interface ImageBuilder {
  /** for people: where disks to import are looked for, on this host */
  readonly importDirectory: string;

  recipes(): Promise<readonly Recipe[]>;

  /** by name; what is no plain file is left out */
  brought(): Promise<readonly BroughtFile[]>;

  /**
   * Whether it can be begun at all: nothing is changed.
   * @throws AlcoveError `invalid_request`, `image_not_found` for a kernel that is not there, `name_taken`
   */
  check(order: MakingOrder): Promise<void>;

  /**
   * One at a time: waits while another program changes the image store.
   * @param report is told how far it is; it must not throw and must not wait
   * @throws AlcoveError `build_failed`, `invalid_request`, `image_store_busy`
   */
  make(order: MakingOrder, report: ReportProgress, signal: AbortSignal): Promise<MadeImage>;
}
