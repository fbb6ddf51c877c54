/** Copies of VMs' disks that owners make, fetch and bring back. One job for each VM at a time. */

import type { ItemHash } from "../item-hash.ts";

export interface BackupOrder {
  /** the data volumes, too, besides the root disk */
  readonly volumes: boolean;
  /** whether the guest is made to hold still meanwhile, where its agent can do that */
  readonly freeze: boolean;
}

export type BackupState =
  | { readonly kind: "in progress" }
  | { readonly kind: "ready"; readonly backup: BackupDescription };

export interface BackupDescription {
  /** `<vm hash>-<YYYYMMDDTHHMMSSZ>` */
  readonly id: string;
  readonly sizeBytes: number;
  /** names of the files in it */
  readonly volumes: readonly string[];
  readonly expiresAt: Date;
  /** `sha256:<hexadecimal>` */
  readonly checksum: string;
  /** sizes of the disks as guests see them, in bytes, by the names in `volumes` */
  readonly sourceSizes: Readonly<Record<string, number>>;
  readonly downloadUrl: string;
}

export interface BackupDownload {
  readonly sizeBytes: number;
  readonly checksum: string;
  /** of all disks in it as guests see them, in bytes */
  readonly sourceSizeBytes: number;
  /** the tar; read it to its end or leave it */
  readonly content: AsyncIterable<Uint8Array>;
}

/** What is to become the root disk. */
export type RestoreSource =
  /** a qcow2 disk, as it is sent */
  | { readonly kind: "upload"; readonly content: AsyncIterable<Uint8Array> }
  /** a file of the network */
  | { readonly kind: "volume"; readonly ref: ItemHash };

export class Backups {
  /**
   * Begins a backup; a finished one that has not expired is returned instead.
   * @throws Refusal `bad request`, `no storage`, `failed` with what went wrong the last time (said once)
   */
  async create(vmHash: ItemHash, order: BackupOrder, signal: AbortSignal): Promise<BackupState> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${vmHash}, ${order.volumes}`);
  }

  /** @throws Refusal `not found`, or `failed` as `create` does */
  async state(vmHash: ItemHash, signal: AbortSignal): Promise<BackupState> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${vmHash}`);
  }

  /** The tar of a backup; whoever asks has shown a valid link. @throws Refusal `bad request`, `forbidden`, `not found` */
  async download(vmHash: ItemHash, backupId: string, signal: AbortSignal): Promise<BackupDownload> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${vmHash}, ${backupId}`);
  }

  /** @throws Refusal `bad request`, `forbidden`, `not found` */
  async remove(vmHash: ItemHash, backupId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${vmHash}, ${backupId}`);
  }

  /**
   * Stops the VM, replaces its root disk, and starts it again. The old disk is kept beside the new one.
   * @throws Refusal `conflict` while a job of this VM goes on, `bad request`, `too large`, `failed`
   */
  async restore(vmHash: ItemHash, source: RestoreSource, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${vmHash}, ${source.kind}`);
  }

  /** Removes what has expired. */
  async sweep(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }
}
