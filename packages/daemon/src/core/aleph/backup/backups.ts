/** Copies of VMs' disks that owners make, fetch and bring back. One job for each VM at a time. */

import { Turnstile } from "#lib/turnstile.ts";

import type { Log } from "../../ports/log.ts";
import type { Executions } from "../execution/executions.ts";
import type { ItemHash } from "../item-hash.ts";
import type { SourceDisk } from "../ports/backup-store.ts";
import type { MessageSource } from "../ports/message-source.ts";
import { Refusal } from "../refusal.ts";
import { type BackupDescription, BackupShelf, type ShelfDeps } from "./shelf.ts";
import { holdStill, rootDiskOf, type VmToCopy, volumesOf } from "./vm-disks.ts";

export interface BackupsDeps extends ShelfDeps {
  /** the VM of that hash, whether it runs or not */
  readonly findVm: (vmHash: ItemHash) => VmToCopy | undefined;
  readonly executions: Pick<Executions, "whileStopped">;
  readonly messages: Pick<MessageSource, "file">;
  /** the largest disk that is taken in, in bytes */
  readonly maxRestoreBytes: number;
  readonly log: Log;
}

export interface BackupOrder {
  /** the data volumes, too, besides the root disk */
  readonly volumes: boolean;
  /** whether the guest is made to hold still meanwhile, where its agent can do that */
  readonly freeze: boolean;
}

export type BackupState =
  | { readonly kind: "in progress" }
  | { readonly kind: "ready"; readonly backup: BackupDescription };

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

interface Job {
  readonly what: "backup" | "restore";
  /** has a backup given up */
  readonly stop: AbortController;
}

export class Backups implements AsyncDisposable {
  readonly #deps: BackupsDeps;
  readonly #shelf: BackupShelf;
  readonly #jobs = new Map<ItemHash, Job>();
  /** what went wrong with a VM's last backup, until somebody has asked */
  readonly #failures = new Map<ItemHash, string>();
  /** packing takes what the host has: one after another */
  readonly #turns = new Turnstile();
  readonly #over = new AbortController();
  /** backups under way */
  readonly #work = new Map<ItemHash, Promise<void>>();

  constructor(deps: BackupsDeps) {
    this.#deps = deps;
    this.#shelf = new BackupShelf(deps);
  }

  /**
   * Begins a backup; a finished one that has not expired is returned instead.
   * @throws Refusal `bad request`, `no storage`, `conflict`, `failed` with what went wrong the last time (said once)
   */
  async create(vmHash: ItemHash, order: BackupOrder, signal: AbortSignal): Promise<BackupState> {
    const vm = this.#deps.findVm(vmHash);
    if (vm?.phase !== "running")
      throw new Refusal("bad request", "VM must be running to create backup");
    const { root, volumes = [] } = vm.record.spec;
    if (!root) throw new Refusal("bad request", "VM has no disk image");
    const known = await this.#known(vmHash);
    if (known) return known;
    const disks = [rootDiskOf(root), ...(order.volumes ? volumesOf(volumes) : [])];
    await this.#shelf.mustHaveRoom(disks);
    signal.throwIfAborted();
    if (this.#jobs.has(vmHash)) return { kind: "in progress" };
    const work = this.#make(vm, vmHash, disks, order).finally(() => this.#work.delete(vmHash));
    this.#work.set(vmHash, work);
    return { kind: "in progress" };
  }

  /** @throws Refusal `not found`, or `failed` as `create` does */
  async state(vmHash: ItemHash, signal: AbortSignal): Promise<BackupState> {
    signal.throwIfAborted();
    const known = await this.#known(vmHash);
    if (known) return known;
    throw new Refusal("not found", "No backup found for this VM");
  }

  /** The tar of a backup; whoever asks has shown a valid link. @throws Refusal `bad request`, `forbidden`, `not found` */
  async download(vmHash: ItemHash, backupId: string, signal: AbortSignal): Promise<BackupDownload> {
    const backup = await this.#shelf.mustFind(vmHash, backupId);
    signal.throwIfAborted();
    return {
      sizeBytes: backup.sizeBytes,
      checksum: `sha256:${backup.sha256}`,
      sourceSizeBytes: Object.values(backup.sourceSizes).reduce((sum, bytes) => sum + bytes, 0),
      content: this.#deps.store.read(backup.id),
    };
  }

  /** @throws Refusal `bad request`, `forbidden`, `not found` */
  async remove(vmHash: ItemHash, backupId: string, signal: AbortSignal): Promise<void> {
    const backup = await this.#shelf.mustFind(vmHash, backupId);
    signal.throwIfAborted();
    await this.#deps.store.remove(backup.id);
  }

  /**
   * Stops the VM, replaces its root disk, and starts it again. The old disk is kept beside the new one.
   * @throws Refusal `conflict` while a job of this VM goes on, `bad request`, `too large`, `failed`
   */
  async restore(vmHash: ItemHash, source: RestoreSource, signal: AbortSignal): Promise<void> {
    const root = this.#deps.findVm(vmHash)?.record.spec.root;
    if (!root) throw new Refusal("bad request", "VM has no disk image");
    using _job = this.#begin(vmHash, "restore");
    const { store, messages, executions, maxRestoreBytes, clock, log } = this.#deps;
    try {
      const from =
        source.kind === "upload" ? source.content : await messages.file(source.ref, signal);
      const maxBytes = Math.min(root.sizeBytes, maxRestoreBytes);
      const incoming = { from, root: rootDiskOf(root), rootBytes: root.sizeBytes, maxBytes };
      await using ready = await store.takeIn(incoming, signal);
      // From here on a client that leaves changes nothing.
      await executions.whileStopped(vmHash, () => ready.install(clock.now()), this.#over.signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof Refusal) throw cause;
      log.error("aleph.restore_failed", { vmHash, error: cause });
      throw new Refusal("failed", "Restore failed", { cause });
    }
  }

  /** Removes what has expired. */
  sweep(signal: AbortSignal): Promise<void> {
    return this.#shelf.sweep(signal);
  }

  /** Removes all that is kept of a VM that was erased. A backup that is under way is given up. */
  async forget(vmHash: ItemHash): Promise<void> {
    this.#jobs.get(vmHash)?.stop.abort(new Error("the VM was erased"));
    await this.#work.get(vmHash);
    this.#failures.delete(vmHash);
    await this.#shelf.forget(vmHash);
  }

  /** What is under way is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("the daemon ends"));
    await Promise.all(this.#work.values());
  }

  /** Never rejects: what goes wrong is told to whoever asks next. */
  async #make(
    vm: VmToCopy,
    vmHash: ItemHash,
    disks: readonly SourceDisk[],
    { freeze }: BackupOrder,
  ): Promise<void> {
    using job = this.#begin(vmHash, "backup");
    const { store, clock, log } = this.#deps;
    const over = AbortSignal.any([this.#over.signal, job.stop.signal]);
    try {
      using _turn = await this.#turns.enter(over);
      const createdAt = clock.now();
      const id = `${vmHash}-${createdAt.toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
      const hold = (signal: AbortSignal) => holdStill(vm, { freeze, log }, signal);
      await store.make({ id, vmHash, disks, hold, createdAt }, over);
      log.info("aleph.backed_up", { vmHash, id });
    } catch (error) {
      if (over.aborted) return;
      log.error("aleph.backup_failed", { vmHash, error });
      const why = error instanceof Refusal ? error.message : "its disks could not be copied";
      this.#failures.set(vmHash, `Backup failed: ${why}`);
    }
  }

  #begin(vmHash: ItemHash, what: Job["what"]): Job & Disposable {
    if (this.#jobs.has(vmHash)) throw busy();
    const job = { what, stop: new AbortController() };
    this.#jobs.set(vmHash, job);
    return { ...job, [Symbol.dispose]: () => void this.#jobs.delete(vmHash) };
  }

  async #known(vmHash: ItemHash): Promise<BackupState | undefined> {
    const job = this.#jobs.get(vmHash);
    if (job?.what === "restore") throw busy();
    if (job) return { kind: "in progress" };
    const failure = this.#failures.get(vmHash);
    this.#failures.delete(vmHash);
    if (failure !== undefined) throw new Refusal("failed", failure);
    const backup = await this.#shelf.newest(vmHash);
    return backup && { kind: "ready", backup };
  }
}

function busy(): Refusal {
  return new Refusal("conflict", "A backup or restore is already in progress for this VM");
}
