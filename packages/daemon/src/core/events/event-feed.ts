/**
 * What happens on this host, as a stream for each reader: phases of VMs in their order, each once, and beside them
 * what else has changed.
 *
 * The store is the queue: a reader is a place in it, so a slow one holds nothing here. What many readers are told at
 * the same time is read once, and kept for those who come a little later. VMs with an owner are not in it.
 */

import type { VmStore } from "../ports/vm-store.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { Vms } from "../vm/vms.ts";
import type { FeedItem } from "./feed-item.ts";
import { FeedReader } from "./feed-reader.ts";
import type { HostEvents } from "./host-events.ts";

/** A reader hears at least this often that the stream is alive, in `ms`. */
const QUIET_MS = 15_000;
/** events kept for readers that are all at about the same place */
const RECENT = 512;
/** events read from the store at a time for one that is behind */
const PAGE = 256;

type VmItem = Extract<FeedItem, { kind: "vm" }>;

/** Some of what is behind a place, and the place behind it. */
interface Part {
  readonly items: readonly FeedItem[];
  readonly upTo: number;
}

export interface FeedDeps {
  readonly vms: Vms;
  readonly store: VmStore;
  readonly events: HostEvents;
}

export class EventFeed {
  readonly #deps: FeedDeps;
  readonly #quietMs: number;
  /** those of the operator's with ids above `#recentAfter`, up to `#readUpTo`; oldest first */
  #recent: readonly VmItem[] = [];
  #recentAfter: number;
  #readUpTo: number;
  #kept: { readonly oldest: number; readonly newest: number };
  #isKeptTrue = true;

  /** There is one for each `events`. @param quietMs default 15 s, shorter in tests */
  constructor(deps: FeedDeps, quietMs = QUIET_MS) {
    const { vms, store, events } = deps;
    this.#deps = deps;
    this.#quietMs = quietMs;
    this.#kept = store.eventIds();
    this.#readUpTo = this.#kept.newest;
    this.#recentAfter = this.#kept.newest;
    vms.onChange(() => void (this.#isKeptTrue = false));
    vms.news.aside.listen(({ record: { owner, hostname } }) => {
      if (owner === undefined) events.announce({ what: "vm", name: hostname });
    });
  }

  /** when this daemon began to tell */
  readonly startedAt: Date = new Date();

  /** id of the newest event; 0 when there was none */
  newest(): number {
    return this.#ids().newest;
  }

  /**
   * What happens behind the event with the id `after`, until the signal aborts; then it rejects with its reason. What
   * comes at once comes together; an empty list says that nothing came for a while.
   */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<readonly FeedItem[]> {
    using reader = new FeedReader(this.#deps);
    let place = after;
    // What was kept for others may be older than changes that were not told to this one: it reads anew until it is there.
    for (let isThere = false; ;) {
      const { items, upTo }: Part = isThere ? this.#behind(place) : this.#page(place);
      isThere ||= upTo === this.newest();
      place = upTo;
      const batch = [...items, ...reader.take()];
      if (batch.length > 0) yield batch;
      else if (await reader.isQuiet(this.#quietMs, signal)) yield [];
      signal.throwIfAborted();
    }
  }

  /** what this daemon knows of a VM by that name, unless it has an owner */
  vm(hostname: string): VmSupervisor | undefined {
    const vm = this.#deps.vms.find(hostname);
    return vm?.record.owner === undefined && vm?.phase !== "deleted" ? vm : undefined;
  }

  #ids(): { readonly oldest: number; readonly newest: number } {
    if (!this.#isKeptTrue) this.#kept = this.#deps.store.eventIds();
    this.#isKeptTrue = true;
    return this.#kept;
  }

  #behind(place: number): Part {
    const { newest } = this.#ids();
    if (newest !== this.#readUpTo) this.#keepUp(newest);
    if (place < this.#recentAfter || place > newest) return this.#page(place);
    const last = this.#recent.findLastIndex(({ event }) => event.id <= place);
    return { items: this.#recent.slice(last + 1), upTo: newest };
  }

  #keepUp(newest: number): void {
    const after = Math.max(this.#readUpTo, newest - RECENT);
    const fresh = this.#read(after, RECENT);
    this.#recentAfter = Math.max(this.#recentAfter, newest - RECENT);
    this.#recent = [...this.#recent, ...fresh].filter(({ event }) => event.id > newest - RECENT);
    this.#readUpTo = newest;
  }

  #page(place: number): Part {
    const { oldest, newest } = this.#ids();
    // A place that is yet to come is one of another database: nothing can be told from there.
    if (place < oldest - 1 || place > newest)
      return { items: [{ kind: "gap", oldest, newest }], upTo: newest };
    const items = this.#read(place, PAGE);
    const last = items.at(-1)?.event.id ?? newest;
    return { items, upTo: items.length < PAGE ? newest : last };
  }

  #read(after: number, limit: number): readonly VmItem[] {
    return this.#deps.store.eventsAfter(after, limit).map((event) => {
      const vm = this.vm(event.hostname);
      return { kind: "vm", event, vm: vm?.record.id === event.vmId ? vm : undefined };
    });
  }
}
