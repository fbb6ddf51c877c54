/** Where backups are kept as files, and where disks that are brought back are made ready. */

import type { ItemHash } from "../item-hash.ts";

/** A disk of a VM, as it is on the host. */
export interface SourceDisk {
  /** of the copy in the backup */
  readonly name: string;
  /** absolute */
  readonly path: string;
  readonly format: "raw" | "qcow2";
  /** what an overlay stands on, whatever its own header says: that is the guest's hypervisor's to write */
  readonly backing: { readonly path: string; readonly format: "raw" | "qcow2" } | undefined;
}

export interface BackupWork {
  readonly id: string;
  readonly vmHash: ItemHash;
  readonly disks: readonly SourceDisk[];
  /** makes the VM hold still until it is disposed: only for as long as its disks are copied */
  readonly hold: (signal: AbortSignal) => Promise<AsyncDisposable>;
  readonly createdAt: Date;
}

export interface StoredBackup {
  readonly id: string;
  readonly vmHash: ItemHash;
  readonly createdAt: Date;
  /** of the tar */
  readonly sizeBytes: number;
  /** hexadecimal SHA-256 of the tar */
  readonly sha256: string;
  /** sizes of the disks as guests see them, in bytes, by name */
  readonly sourceSizes: Readonly<Record<string, number>>;
}

export interface BackupStore {
  /** complete ones, newest first */
  list(): Promise<readonly StoredBackup[]>;
  /** Copies the disks, packs them and keeps the result: complete when it resolves, nothing is left when it rejects. */
  make(work: BackupWork, signal: AbortSignal): Promise<void>;
  /** the tar, from its beginning */
  read(id: string): AsyncIterable<Uint8Array>;
  /** Harmless when there is none. */
  remove(id: string): Promise<void>;
  /** how much room a backup of these disks takes at most while it is made, and how much there is */
  room(
    disks: readonly SourceDisk[],
  ): Promise<{ readonly neededBytes: number; readonly freeBytes: number }>;

  /**
   * Makes what somebody has sent, or a file of the network, ready to become a root disk.
   * @returns nothing has changed yet; disposing removes what was made
   * @throws Refusal `too large`, `bad request` for what is no disk for this VM
   */
  takeIn(incoming: IncomingDisk, signal: AbortSignal): Promise<ReadyDisk>;
}

export interface IncomingDisk {
  /** bytes as they come, or the absolute path of a file that stays as it is */
  readonly from: AsyncIterable<Uint8Array> | string;
  /** the disk that it is to replace */
  readonly root: SourceDisk;
  /** as the guest sees that, in bytes; the new one gets the same size */
  readonly rootBytes: number;
  /** more is not taken, in bytes */
  readonly maxBytes: number;
}

export interface ReadyDisk extends AsyncDisposable {
  /** Puts it in the place of the old one, which is kept beside it. Nobody may use either meanwhile. */
  install(at: Date): Promise<void>;
}
