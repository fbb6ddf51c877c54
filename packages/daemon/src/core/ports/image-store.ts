/**
 * Images as the core sees them: resolved to files that a driver can boot.
 *
 * Building and importing are not here: they belong to whoever runs the image tool.
 */

import type { DiskFormat, ImageManifest, InitKind, KernelManifest } from "../image/manifest.ts";

export interface ImageStore {
  /**
   * Finds what to boot. An image that prefers another kernel gets it if the store has it.
   * Rejects with `image_not_found`, or `invalid_request` for a reference that cannot be one.
   * @param reference a name, or at least eight digits of an id
   */
  resolve(reference: string, signal: AbortSignal): Promise<ResolvedImage>;

  /** all images and kernels: named ones first by name, then those a newer build replaced */
  list(signal: AbortSignal): Promise<readonly StoredImage[]>;

  /**
   * Removes an image or kernel and the files nobody else needs.
   * Rejects with `image_not_found` or `image_in_use`; then nothing has changed.
   */
  remove(reference: string, inUse: InUse, signal: AbortSignal): Promise<RemovedImage>;
}

/** @returns who uses the image or kernel with this id, for people; empty when nobody does */
export type InUse = (stored: StoredImage) => readonly string[] | Promise<readonly string[]>;

export interface ResolvedImage {
  readonly id: string;
  readonly name: string;
  readonly kernel: {
    /** digest of the kernel's own description: equal ids boot the same kernel */
    readonly id: string;
    readonly name: string;
    readonly release: string;
    /** absolute path of the uncompressed ELF */
    readonly path: string;
    readonly initramfsPath: string | undefined;
    /** kernel's and image's words for the command line; console and clock are the driver's */
    readonly args: readonly string[];
  };
  readonly rootfs: {
    /** absolute path; never to be written to */
    readonly path: string;
    readonly format: DiskFormat;
    readonly filesystem: string;
    readonly virtualSizeBytes: number;
  };
  readonly init: InitKind;
  readonly agentVersion: string | undefined;
  readonly defaultUser: string | undefined;
}

export interface StoredImage {
  readonly manifest: ImageManifest | KernelManifest;
  /** whether the name still points here; false for what a newer build replaced */
  readonly named: boolean;
  /** absolute paths of its blobs */
  readonly blobPaths: readonly string[];
  /** space its blobs occupy, `bytes`; shared blobs count for each */
  readonly allocatedBytes: number;
}

export interface RemovedImage {
  readonly id: string;
  readonly name: string;
  /** disk space given back, `bytes` */
  readonly freedBytes: number;
}
