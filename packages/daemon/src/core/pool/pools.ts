/**
 * All machines that were made ahead, by host group, and what became of requests for them.
 *
 * Owns the members and their places. Which group is to have how many, and when one is made, is `pool-keeper.ts`'s.
 */

import { MIB } from "#lib/bytes.ts";

import type { HostEvents } from "../events/host-events.ts";
import type { HostGroup } from "../group/host-group.ts";
import { type Share, VMM_OVERHEAD_MIB } from "../host/capacity.ts";
import type { Claim, MadeAhead, Wish } from "../vm/made-ahead.ts";
import type { VmRecord } from "../vm/vm.ts";
import type { PoolMember } from "./pool-member.ts";

/** A group's pool, as it is now. */
export interface PoolState {
  readonly group: string;
  /** how many are to wait */
  readonly size: number;
  readonly waiting: number;
  readonly making: number;
  /** VMs that were made from it since the daemon's start */
  readonly claimed: number;
  /** VMs that could have been, had one waited */
  readonly misses: number;
  /** what those that wait have of the host's memory, in bytes */
  readonly memoryBytes: number;
  /** why it is not full, for people; `undefined` while it is only being filled */
  readonly problem: string | undefined;
}

interface Count {
  claimed: number;
  misses: number;
  problem: string | undefined;
}

export class Pools implements MadeAhead {
  readonly #groups: ReadonlyMap<string, HostGroup>;
  readonly #counts: ReadonlyMap<string, Count>;
  /** oldest first */
  readonly #members = new Set<PoolMember>();
  readonly #events: Pick<HostEvents, "announce">;

  constructor(groups: readonly HostGroup[], events: Pick<HostEvents, "announce">) {
    this.#events = events;
    const pooled = groups.filter(({ warmPool }) => warmPool.size > 0);
    this.#groups = new Map(pooled.map((group) => [group.name, group]));
    this.#counts = new Map(
      pooled.map(({ name }) => [name, { claimed: 0, misses: 0, problem: undefined }]),
    );
  }

  /** the groups that have a pool */
  get groups(): readonly HostGroup[] {
    return [...this.#groups.values()];
  }

  list(): readonly PoolState[] {
    return this.groups.map((group) => this.#stateOf(group));
  }

  members(group: string): readonly PoolMember[] {
    return [...this.#members].filter(({ place }) => place.group === group);
  }

  add(member: PoolMember): void {
    this.#members.add(member);
    this.#changed(member.place.group);
    const itWaits = () => this.#changed(member.place.group);
    member.made.then(itWaits, () => {}); // one that could not be made is removed
  }

  /** Its place is free, or a VM's. */
  remove(member: PoolMember): void {
    this.#members.delete(member);
    this.#changed(member.place.group);
  }

  /** @param problem why there are fewer than there are to be; `undefined` when nothing is in the way */
  setProblem(group: string, problem: string | undefined): void {
    const count = this.#mustCount(group);
    if (count.problem === problem) return;
    count.problem = problem;
    this.#changed(group);
  }

  places(): readonly VmRecord[] {
    return [...this.#members].map(({ place }) => place);
  }

  shares(): readonly Share[] {
    const unclaimed = [...this.#members].filter(({ phase }) => phase !== "claimed");
    return unclaimed.map(({ memoryBytes }) => {
      const memoryMiB = Math.max(0, Math.ceil(memoryBytes / MIB) - VMM_OVERHEAD_MIB);
      return { vcpus: 0, memoryMiB };
    });
  }

  claim(wish: Wish): Claim | undefined {
    const group = this.#groups.get(wish.group);
    if (!group || !isOrdinary(wish, group)) return undefined;
    const count = this.#mustCount(wish.group);
    for (const member of this.members(wish.group)) {
      const ahead = isFor(member.place, wish) ? member.claim() : undefined;
      if (!ahead) continue;
      const keep = () => {
        count.claimed += 1;
        member.keep();
      };
      const putBack = () => member.putBack();
      return { ...ahead, place: member.place, keep, [Symbol.dispose]: putBack };
    }
    count.misses += 1;
    this.#changed(wish.group);
    return undefined;
  }

  /** The newest goes first, and one that is only being made before all that wait. */
  async giveWay(fits: (place: VmRecord) => boolean): Promise<boolean> {
    const spare = [...this.#members].filter(
      ({ place, phase }) => fits(place) && (phase === "waiting" || phase === "making"),
    );
    const member = spare.findLast(({ phase }) => phase === "making") ?? spare.at(-1);
    await member?.end();
    return member !== undefined;
  }

  /** Nothing is left of them afterwards; what was claimed is a VM's. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.end()));
  }

  #stateOf({ name, warmPool }: HostGroup): PoolState {
    const members = this.members(name);
    const waiting = members.filter(({ phase }) => phase === "waiting");
    return {
      group: name,
      size: warmPool.size,
      waiting: waiting.length,
      making: members.filter(({ phase }) => phase === "making").length,
      ...this.#mustCount(name),
      memoryBytes: waiting.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    };
  }

  #changed(name: string): void {
    this.#events.announce({ what: "pools", name });
  }

  #mustCount(group: string): Count {
    const count = this.#counts.get(group);
    if (count) return count;
    throw new Error(`invariant: host group ${group} has a pool`);
  }
}

/** Whether it is as the group has it: a machine must be made for what is otherwise. */
function isOrdinary({ kind, spec, wantedAddress }: Wish, group: HostGroup): boolean {
  const { vcpus, memoryMiB, image } = group;
  const alike = spec.vcpus === vcpus && spec.memoryMiB === memoryMiB && spec.image === image;
  const free = wantedAddress === undefined && spec.network.override === undefined;
  return alike && free && kind !== "service";
}

/** VMs of one template are alike in all that a machine is made of. */
function isFor({ origin }: VmRecord, wish: Wish): boolean {
  if (origin.how !== "template" || wish.origin.how !== "template") return false;
  return origin.template === wish.origin.template;
}
