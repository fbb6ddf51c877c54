/**
 * Commits of this host: makes, finds and removes them.
 *
 * A commit's layer is sealed, and the source has an empty overlay on it, before the store is told; what the store says
 * counts. A daemon that dies before has changed nothing: layer and overlay belong to nobody then. One that dies after
 * it leaves the source's old overlay, which is another name of the layer's file. The next start removes either.
 */

import { Turnstile } from "#lib/turnstile.ts";

import { AlcoveError } from "../errors.ts";
import type { HostEvents } from "../events/host-events.ts";
import { admitFile, type CapacityLimits } from "../host/capacity.ts";
import { type LayerId, newCommitId, newLayerId } from "../ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { CommitStore } from "../ports/commit-store.ts";
import type { Ground } from "../ports/disk-layers.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { HostFacts } from "../ports/host-facts.ts";
import type { ResolvedImage } from "../ports/image-store.ts";
import type { Log } from "../ports/log.ts";
import type { LaunchWait } from "../vm/launch.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { VmRecord } from "../vm/vm.ts";
import { checkOrder, type Commit, type CommitFilter, type CommitOrder, passes } from "./commit.ts";
import { forkCommit, type ForkDeps, type ForkOrder } from "./fork.ts";

export interface CommitsDeps extends ForkDeps {
  readonly disks: DiskStore;
  readonly commitStore: CommitStore;
  readonly hostFacts: HostFacts;
  readonly limits: CapacityLimits;
  readonly events: Pick<HostEvents, "announce">;
  readonly clock: Clock;
  readonly log: Log;
}

/** what an empty overlay takes, and the metadata around it: a generous guess, in bytes */
const COMMIT_BYTES = 4 * 1024 * 1024;

const never = new AbortController().signal;

export class Commits {
  readonly #deps: CommitsDeps;
  readonly #byId: Map<string, Commit>;
  /** one at a time, so that a cache key has one owner */
  readonly #turns = new Turnstile();

  constructor(deps: CommitsDeps) {
    this.#deps = deps;
    this.#byId = new Map(deps.commitStore.all().map((commit) => [commit.id, commit]));
  }

  /** oldest first */
  list(filter: CommitFilter): readonly Commit[] {
    return [...this.#byId.values()].filter((commit) => passes(commit, filter));
  }

  /** @throws AlcoveError `commit_not_found` */
  get(id: string): Commit {
    const commit = this.#byId.get(id);
    if (commit) return commit;
    throw new AlcoveError("commit_not_found", `There is no commit "${id}"`, { commit: id });
  }

  /** @returns the newest commit of a VM's disk */
  newestOf({ id }: VmRecord): Commit | undefined {
    return [...this.#byId.values()].findLast(({ sourceId }) => sourceId === id);
  }

  /**
   * Keeps the disk of a VM that has stopped. Asked again with the same cache key, it answers with the commit that
   * there is, as long as the VM has not written since. Once begun, it runs to the end.
   * @throws AlcoveError `not_persistent`, `wrong_phase`, `cache_key_taken`, `no_capacity`
   */
  async create(vm: VmSupervisor, order: CommitOrder, signal: AbortSignal): Promise<Commit> {
    checkOrder(order);
    const { hostname, kind } = vm.record;
    if (kind === "sandbox") {
      const message = `${hostname} is not persistent: it is gone when it ends, so there is nothing to commit`;
      throw new AlcoveError("not_persistent", message, { hostname });
    }
    using _turn = await this.#turns.enter(signal);
    return await vm.commit((record) => this.#commit(record, order), signal);
  }

  /** Makes a VM of a commit: `forkCommit`. @throws AlcoveError `commit_not_found`, too */
  async fork(
    id: string,
    how: { readonly order: ForkOrder; readonly wait: LaunchWait | undefined },
    signal: AbortSignal,
  ): Promise<VmSupervisor> {
    return await forkCommit(this.#deps, { ...how, commit: this.get(id) }, signal);
  }

  /** @throws AlcoveError `commit_not_found`, or `commit_in_use` while its source or a child of it exists */
  async remove(id: string): Promise<Commit> {
    using _turn = await this.#turns.enter(never);
    const commit = this.get(id);
    const users = this.#usersOf(commit);
    if (users.length > 0) {
      const message = `The commit ${id} is in use by ${users.join(", ")}: its source and all VMs forked from it must be deleted first`;
      throw new AlcoveError("commit_in_use", message, { commit: id, users });
    }
    this.#deps.commitStore.remove(commit.id);
    this.#byId.delete(id);
    this.#deps.events.announce({ what: "commits", name: id });
    await this.#deps.keptLayers.collect();
    return commit;
  }

  #usersOf({ id, sourceId }: Commit): readonly string[] {
    const records = this.#deps.vms.all().map((vm) => vm.record);
    return records
      .filter((it) => it.id === sourceId || (it.origin.how === "commit" && it.origin.commit === id))
      .map(({ hostname }) => hostname);
  }

  async #commit(record: VmRecord, order: CommitOrder): Promise<Commit> {
    const { images, disks } = this.#deps;
    const image = await images.resolve(record.imageId, never);
    const ground = { image: image.rootfs, layer: record.layer };
    const untouched = record.layer !== undefined && (await disks.isUntouched(record.id, ground));
    const known = this.#ownerOf(order.cacheKey);
    if (known) {
      if (known.sourceId === record.id && known.layer === record.layer && untouched) return known;
      throw keyTaken(known);
    }
    // Where nothing was written since it was sealed, the layer below is the disk already.
    if (untouched && record.layer !== undefined)
      return this.#put(commitOf(record, order, record.layer, this.#deps.clock.now()));
    return await this.#sealed(record, image, ground, order);
  }

  async #sealed(
    record: VmRecord,
    image: ResolvedImage,
    ground: Ground,
    order: CommitOrder,
  ): Promise<Commit> {
    const { disks, layers, keptLayers, clock, hostFacts, limits } = this.#deps;
    const { freeBytes } = await hostFacts.disk();
    admitFile(COMMIT_BYTES, 0, freeBytes, limits);
    const layer = newLayerId();
    using held = keptLayers.hold(layer);
    let commit: Commit;
    try {
      const from = { vmId: record.id, ground, imageId: record.imageId };
      const { virtualSizeBytes } = await layers.seal(layer, from);
      await disks.addOverlay(record.id, { image: image.rootfs, layer }, virtualSizeBytes);
      commit = this.#put(commitOf(record, order, layer, clock.now()));
    } catch (error) {
      held[Symbol.dispose]();
      await this.#undo(record);
      throw error;
    }
    await this.#tidy(record, layer);
    return commit;
  }

  /** Durable when it returns. */
  #put(commit: Commit): Commit {
    this.#deps.commitStore.insert(commit);
    this.#byId.set(commit.id, commit);
    this.#deps.events.announce({ what: "commits", name: commit.id });
    return commit;
  }

  async #undo(record: VmRecord): Promise<void> {
    await this.#tidy(record, record.layer);
    await this.#deps.keptLayers.collect();
  }

  /** What cannot be removed now, the next start removes. */
  async #tidy({ id, hostname }: VmRecord, layer: LayerId | undefined): Promise<void> {
    const { disks, log } = this.#deps;
    await disks.keepOnlyOverlay(id, layer).catch((error: unknown) => {
      log.warn("commit.overlay_left", { hostname, error });
    });
  }

  #ownerOf(cacheKey: string | undefined): Commit | undefined {
    if (cacheKey === undefined) return undefined;
    return [...this.#byId.values()].find((commit) => commit.cacheKey === cacheKey);
  }
}

function commitOf(record: VmRecord, order: CommitOrder, layer: LayerId, createdAt: Date): Commit {
  const { id: sourceId, hostname: sourceHostname, group, imageId, spec } = record;
  const made = { id: newCommitId(), layer, createdAt };
  return { ...made, ...order, sourceId, sourceHostname, group, imageId, spec };
}

function keyTaken({ id, cacheKey = "", sourceHostname }: Commit): AlcoveError<"cache_key_taken"> {
  const message = `The cache key "${cacheKey}" is that of commit ${id} of ${sourceHostname}, which holds another disk: delete it, or give another key`;
  return new AlcoveError("cache_key_taken", message, { cacheKey, commit: id });
}
