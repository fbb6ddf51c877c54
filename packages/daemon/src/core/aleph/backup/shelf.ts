/** Backups that there are: found, described, and removed when their time is over. */

import { humanBytes } from "#lib/bytes.ts";

import type { Clock } from "../../ports/clock.ts";
import type { Presigned } from "../auth/presigned.ts";
import type { ItemHash } from "../item-hash.ts";
import type { BackupStore, SourceDisk, StoredBackup } from "../ports/backup-store.ts";
import { Refusal } from "../refusal.ts";

/** how long a backup is kept, in `ms` */
const LIFE_MS = 24 * 60 * 60 * 1000;
const ID = /^[A-Za-z0-9_-]+$/;

export interface ShelfDeps {
  readonly store: BackupStore;
  readonly links: Pick<Presigned, "issue">;
  /** the name that links lead to */
  readonly domainName: string;
  readonly clock: Clock;
}

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

export class BackupShelf {
  readonly #deps: ShelfDeps;

  constructor(deps: ShelfDeps) {
    this.#deps = deps;
  }

  /** @returns `undefined` when there is none that has not expired */
  async newest(vmHash: ItemHash): Promise<BackupDescription | undefined> {
    const backups = await this.#deps.store.list();
    const newest = backups.find((it) => it.vmHash === vmHash && !this.#isExpired(it));
    return newest && this.#described(newest);
  }

  /** @throws Refusal `bad request`, `forbidden`, `not found` */
  async mustFind(vmHash: ItemHash, backupId: string): Promise<StoredBackup> {
    if (!ID.test(backupId)) throw new Refusal("bad request", "Invalid backup_id");
    if (!backupId.startsWith(`${vmHash}-`))
      throw new Refusal("forbidden", "Backup does not belong to this VM");
    const backups = await this.#deps.store.list();
    const backup = backups.find((it) => it.id === backupId && !this.#isExpired(it));
    if (backup) return backup;
    throw new Refusal("not found", `Backup ${backupId} not found`);
  }

  /** @throws Refusal `no storage` */
  async mustHaveRoom(disks: readonly SourceDisk[]): Promise<void> {
    const { neededBytes, freeBytes } = await this.#deps.store.room(disks);
    if (neededBytes <= freeBytes) return;
    const [needed, free] = [neededBytes, freeBytes].map(humanBytes);
    throw new Refusal("no storage", `A backup needs up to ${needed}, and ${free} are free`);
  }

  /** Removes what has expired. */
  async sweep(signal: AbortSignal): Promise<void> {
    for (const backup of await this.#deps.store.list()) {
      signal.throwIfAborted();
      if (this.#isExpired(backup)) await this.#deps.store.remove(backup.id);
    }
  }

  /** Removes all that is kept of a VM that was erased. */
  async forget(vmHash: ItemHash): Promise<void> {
    for (const backup of await this.#deps.store.list()) {
      if (backup.vmHash === vmHash) await this.#deps.store.remove(backup.id);
    }
  }

  #isExpired({ createdAt }: StoredBackup): boolean {
    return createdAt.getTime() + LIFE_MS <= this.#deps.clock.now().getTime();
  }

  #described(backup: StoredBackup): BackupDescription {
    const { id, vmHash, createdAt, sizeBytes, sha256, sourceSizes } = backup;
    const { links, domainName } = this.#deps;
    const { signature, expires } = links.issue({ backupId: id, vmHash });
    const address = `https://${domainName}/control/machine/${vmHash}/backup/${id}`;
    return {
      id,
      sizeBytes,
      volumes: Object.keys(sourceSizes),
      expiresAt: new Date(createdAt.getTime() + LIFE_MS),
      checksum: `sha256:${sha256}`,
      sourceSizes,
      downloadUrl: `${address}?signature=${signature}&expires=${expires}`,
    };
  }
}
