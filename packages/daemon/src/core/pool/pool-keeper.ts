/**
 * Keeps the pools of host groups filled, a machine at a time and not while VMs that were asked for need the host.
 *
 * A machine that waits is of the template that a VM made now would come from; one of another is replaced.
 */

import { humanBytes } from "#lib/bytes.ts";
import { pause } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import type { HostGroup } from "../group/host-group.ts";
import { rootDiskBytes } from "../image/disk-size.ts";
import { macAddress } from "../network/user-network.ts";
import type { Clock } from "../ports/clock.ts";
import type { HostFacts } from "../ports/host-facts.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import type { ImageStore } from "../ports/image-store.ts";
import type { Log } from "../ports/log.ts";
import { newRecord } from "../vm/new-record.ts";
import { startOf, type StartOf } from "../vm/start-of.ts";
import { isUnderWay } from "../vm/under-way.ts";
import type { VmRecord, VmSpec } from "../vm/vm.ts";
import type { Vms } from "../vm/vms.ts";
import { type AheadDeps, type AheadDisk, makeAhead } from "./ahead-machine.ts";
import { PoolMember } from "./pool-member.ts";
import type { Pools } from "./pools.ts";

export interface KeeperDeps extends AheadDeps {
  readonly pools: Pools;
  readonly vms: Vms;
  readonly images: ImageStore;
  readonly hypervisor: Hypervisor;
  readonly hostFacts: HostFacts;
  readonly clock: Clock;
  readonly log: Log;
}

/** how often a pool that is full is looked at, in `ms`: its template may have been replaced */
const LOOK_MS = 1_000;

/** how long a pool is left alone after a machine could not be made, in `ms`; each failure that follows doubles it */
const [FIRST_REST_MS, LONGEST_REST_MS] = [1_000, 60_000];

/** what machines are called that have no name yet: no VM is, their names end with a number */
const NOBODY = "nobody";

/** What the next member of a pool is made from. */
interface Mould extends StartOf, AheadDisk {
  readonly spec: VmSpec;
}

export class PoolKeeper implements AsyncDisposable {
  readonly #deps: KeeperDeps;
  readonly #over = new AbortController();
  readonly #work: Promise<unknown>;
  #ended: Promise<void> | undefined;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#work = Promise.all(deps.pools.groups.map((group) => this.#keep(group)));
  }

  /** Nothing is left of machines that nobody has claimed. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#over.abort(new Error("the daemon ends"));
    await this.#deps.pools.endAll();
    await this.#work;
  }

  /** Until the end; never rejects. */
  async #keep(group: HostGroup): Promise<void> {
    const over = this.#over.signal;
    const { pools, log } = this.#deps;
    let restMs = FIRST_REST_MS;
    while (!over.aborted) {
      try {
        await pause(await this.#tend(group, over), over);
        restMs = FIRST_REST_MS;
      } catch (error) {
        if (over.aborted) return;
        pools.setProblem(group.name, error instanceof Error ? error.message : String(error));
        log.warn("pool.not_filled", { group: group.name, error });
        await pause(restMs, over).catch(() => undefined); // the loop's condition sees the end
        restMs = Math.min(2 * restMs, LONGEST_REST_MS);
      }
    }
  }

  /** @returns after how many `ms` to look again */
  async #tend(group: HostGroup, over: AbortSignal): Promise<number> {
    const { pools } = this.#deps;
    const { size, refillPerSecond } = group.warmPool;
    const mould = await this.#mouldOf(group, over);
    for (const member of pools.members(group.name)) {
      if (!isOf(member.place, mould)) await member.end();
    }
    if (mould.origin.how !== "template") {
      pools.setProblem(group.name, mould.origin.how === "boot" ? mould.origin.why : undefined);
      return LOOK_MS;
    }
    if (pools.members(group.name).length >= size) {
      pools.setProblem(group.name, undefined);
      return LOOK_MS;
    }
    const begun = performance.now();
    const problem = this.#isBusy() ? undefined : await this.#addOne(group, mould, over);
    pools.setProblem(group.name, problem);
    if (problem !== undefined) return LOOK_MS;
    return Math.max(0, 1_000 / refillPerSecond - (performance.now() - begun));
  }

  async #mouldOf(group: HostGroup, signal: AbortSignal): Promise<Mould> {
    const { images, templates } = this.#deps;
    const spec = specOf(group);
    const image = await images.resolve(spec.image, signal);
    const diskBytes = rootDiskBytes(spec.diskBytes, image);
    const start = await startOf({ kind: "sandbox", spec, image, diskBytes }, templates, signal);
    return { ...start, spec, image, diskBytes };
  }

  /** As many VMs are on their way as the host has CPUs. */
  #isBusy(): boolean {
    const { vms, hostFacts } = this.#deps;
    return vms.all().filter(isUnderWay).length >= hostFacts.cpuCount();
  }

  /** @returns why it was not made, for people, when the host has no room for it */
  async #addOne(group: HostGroup, mould: Mould, over: AbortSignal): Promise<string | undefined> {
    using _ground = mould.layer && this.#deps.keptLayers.hold(mould.layer);
    if (this.#isOverCeiling(group)) {
      return `the machines that wait have all of the ${humanBytes(group.warmPool.memoryBytes)} that they may have`;
    }
    try {
      const member = await this.#reserve(group, mould, over);
      await member.made;
      return undefined;
    } catch (error) {
      over.throwIfAborted();
      if (AlcoveError.is(error, "no_capacity")) return error.message;
      throw error;
    }
  }

  #isOverCeiling({ name, warmPool }: HostGroup): boolean {
    const bytes = this.#deps.pools.members(name).map(({ memoryBytes }) => memoryBytes);
    const next = Math.max(0, ...bytes); // they are alike
    return bytes.reduce((sum, it) => sum + it, next) > warmPool.memoryBytes;
  }

  /** Begins one, in a place that from now on nobody else gets. */
  async #reserve(group: HostGroup, mould: Mould, over: AbortSignal): Promise<PoolMember> {
    const { pools, vms, log } = this.#deps;
    using _turn = await vms.admissions.enterIfSpare(mould.spec, over);
    const others = [...vms.all().map(({ record }) => record), ...pools.places()];
    const place = this.#placeFor(group, mould, others);
    const deps = {
      make: (it: VmRecord, signal: AbortSignal) => makeAhead(it, mould, this.#deps, signal),
      onOver: (it: PoolMember) => pools.remove(it),
      onLeft: (error: unknown) => log.error("pool.cleanup_failed", { vmId: place.id, error }),
    };
    const member = new PoolMember(place, deps, over);
    pools.add(member);
    return member;
  }

  /** Its network card is made before its host name is known, from which that of other VMs follows. */
  #placeFor(group: HostGroup, mould: Mould, others: readonly VmRecord[]): VmRecord {
    const { hypervisor, clock } = this.#deps;
    const { spec, layer, origin, image } = mould;
    const made = { imageId: image.id, hypervisor: hypervisor.name, createdAt: clock.now() };
    const unknown = { kind: "sandbox", hostname: NOBODY, wantedAddress: undefined } as const;
    const record = newRecord({ group, spec, layer, origin, ...made, ...unknown }, others);
    return { ...record, mac: macAddress(record.id) };
  }
}

/** A VM of the group as nobody has asked for it. */
function specOf(group: HostGroup): VmSpec {
  const { vcpus, memoryMiB, image, diskBytes } = group;
  const network = { settings: group.network, dns: group.dns, override: undefined };
  const own = { tags: [], sshKeys: [], userdata: undefined, secrets: [] };
  return { vcpus, memoryMiB, image, diskBytes, network, ...own };
}

function isOf({ origin }: VmRecord, { origin: now }: Mould): boolean {
  return origin.how === "template" && now.how === "template" && origin.template === now.template;
}
