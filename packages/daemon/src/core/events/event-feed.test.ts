import assert from "node:assert/strict";
import { test } from "node:test";

import { launch } from "#core/vm/launch.ts";
import type { Vms } from "#core/vm/vms.ts";
import { eventually } from "#testing/eventually.ts";
import { aGroup, aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { EventFeed } from "./event-feed.ts";
import type { FeedItem } from "./feed-item.ts";
import { HostEvents } from "./host-events.ts";

const wait = { until: "agent", timeoutMs: 10_000 } as const;
const QUIET_MS = 200;

/** Reads all that comes until it is disposed. */
class Follower implements AsyncDisposable {
  readonly items: FeedItem[] = [];
  quiet = 0;
  readonly #over = new AbortController();
  readonly #reading: Promise<void>;

  constructor(feed: EventFeed, after: number) {
    this.#reading = this.#read(feed, after);
  }

  /** of the events, in the order in which they came */
  get ids(): readonly number[] {
    return this.items.flatMap((item) => (item.kind === "vm" ? [item.event.id] : []));
  }

  get changes(): readonly string[] {
    return this.items.flatMap((item) =>
      item.kind === "changed" ? [`${item.changed.what} ${item.changed.name ?? "any"}`] : [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("the reader leaves"));
    await this.#reading;
  }

  async #read(feed: EventFeed, after: number): Promise<void> {
    try {
      for await (const batch of feed.follow(after, this.#over.signal)) {
        this.items.push(...batch);
        if (batch.length === 0) this.quiet += 1;
      }
    } catch (error) {
      if (!this.#over.signal.aborted) throw error;
    }
  }
}

function feedOf({ store }: FakeHost, vms: Vms, events = new HostEvents()): EventFeed {
  return new EventFeed({ vms, store, events }, QUIET_MS);
}

function storedIds({ store }: FakeHost): readonly number[] {
  return store.eventsAfter(0, 10_000).map(({ id }) => id);
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((it) => it === "Timeout").length;
}

async function live(vms: Vms): Promise<void> {
  const request = aRequest({ kind: "persistent" });
  const vm = await launch(vms, { group: "sbox", request, wait }, never);
  await vm.pause(never);
  await vm.resume(never);
  await vm.stop(never);
}

test("event feed: who leaves and comes again is told each event once, in order", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const feed = feedOf(host, vms);
  const ids: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await using reader = new Follower(feed, ids.at(-1) ?? 0);
    await live(vms);
    await eventually("something came", () => reader.ids.length > 3);
    ids.push(...reader.ids);
  }
  await using last = new Follower(feed, ids.at(-1) ?? 0);
  await eventually("the rest came", () => ids.length + last.ids.length === storedIds(host).length);
  assert.deepEqual([...ids, ...last.ids], storedIds(host));
});

test("event feed: the next daemon goes on where the last one was", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  let place = 0;
  {
    await using reader = new Follower(feedOf(host, first), 0);
    await live(first);
    await eventually("all came", () => reader.ids.length === storedIds(host).length);
    place = reader.ids.at(-1) ?? 0;
  }
  await live(first); // nobody reads
  await first.abandonAll();
  const next = await host.open();
  await using reader = new Follower(feedOf(host, next), place);
  await live(next);
  const missed = storedIds(host).filter((id) => id > place);
  await eventually("what was missed came", () => reader.ids.length === missed.length);
  assert.deepEqual(reader.ids, missed);
});

test("event feed: an event comes with the VM as it is, and without one that is gone", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await using reader = new Follower(feedOf(host, vms), 0);
  const vm = await launch(vms, { group: "sbox", request: aRequest({}), wait }, never);
  await eventually("it runs", () => reader.ids.length === 2);
  const running = reader.items.findLast((item) => item.kind === "vm");
  assert.equal(running?.vm, vm);
  await vms.delete(vm);
  await eventually("it is deleted", () =>
    reader.items.some((item) => item.kind === "vm" && item.event.phase === "deleted"),
  );
  assert.equal(reader.items.findLast((item) => item.kind === "vm")?.vm, undefined);
});

test("event feed: what is not kept any more is a gap, and so is a place that never was", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await live(vms);
  const newest = storedIds(host).at(-1) ?? 0;
  host.db.exec("DELETE FROM vm_event WHERE id <= 3");
  const feed = feedOf(host, vms);
  for (const place of [1, newest + 50]) {
    await using reader = new Follower(feed, place);
    await eventually("the gap is told", () => reader.items.length > 0);
    assert.deepEqual(reader.items, [{ kind: "gap", oldest: 4, newest }]);
  }
  await using reader = new Follower(feed, 3); // the first that is kept is the next
  await eventually("the rest came", () => reader.ids.length === newest - 3);
  assert.equal(reader.items[0]?.kind, "vm");
});

test("event feed: what changes without a phase is told, each thing once at a time", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const events = new HostEvents();
  await using reader = new Follower(feedOf(host, vms, events), 0);
  const vm = await launch(vms, { group: "sbox", request: aRequest({}), wait }, never);
  await eventually("the agent's answer is told", () => reader.changes.includes("vm sbox-1"));
  await eventually("all was told", () => reader.quiet > 0);
  const before = reader.changes.length;
  for (const tag of ["a", "b", "c"]) vms.retag(vm, { kind: "edit", add: [tag], remove: [] });
  events.announce({ what: "templates" });
  events.announce({ what: "templates" });
  await eventually("both are told", () => reader.changes.length >= before + 2);
  assert.deepEqual(reader.changes.slice(before), ["vm sbox-1", "templates any"]);
});

test("event feed: a reader that is told of too much at a time is told which lists have changed", async () => {
  await using host = await FakeHost.make();
  const events = new HostEvents();
  const feed = feedOf(host, await host.open(), events);
  await using reader = new Follower(feed, 0);
  for (let count = 0; count < 600; count += 1)
    events.announce({ what: "secrets", name: `s${count}` });
  events.announce({ what: "pools" });
  await eventually("it is told", () => reader.changes.includes("pools any"));
  assert.ok(reader.changes.includes("secrets any"));
  assert.ok(reader.changes.length < 200, String(reader.changes.length));
});

test("event feed: of the host's samples the newest is told", async () => {
  await using host = await FakeHost.make();
  const events = new HostEvents();
  await using reader = new Follower(feedOf(host, await host.open(), events), 0);
  const none = { memoryUsed: null, memoryTotal: null, diskUsed: null, diskTotal: null };
  const sample = { ...none, netIn: null, netOut: null, load: null };
  for (const cpu of [0.1, 0.2, 0.3]) events.announceSample({ at: new Date(), cpu, ...sample });
  await eventually("it is told", () => reader.items.length > 0);
  const told = reader.items.flatMap((item) => (item.kind === "host" ? [item.sample.cpu] : []));
  assert.deepEqual(told, [0.3]);
});

test("event feed: a reader that has left leaves no timer, which would keep the daemon from ending", async () => {
  await using host = await FakeHost.make();
  const parts = { vms: await host.open(), store: host.store, events: new HostEvents() };
  const feed = new EventFeed(parts, 10_000);
  const before = timers();
  {
    await using reader = new Follower(feed, 0);
    await eventually("it waits", () => timers() > before);
    assert.deepEqual(reader.ids, []);
  }
  await eventually("nothing waits", () => timers() === before);
});

test("event feed: a VM with an owner is not in it", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await using reader = new Follower(feedOf(host, vms), 0);
  const image = await host.parts.images.resolve("base", never);
  const owned = await vms.add(
    {
      group: aGroup({}),
      kind: "persistent",
      hostname: "theirs",
      wantedAddress: undefined,
      spec: { ...aVmRecord({}).spec, secrets: [] },
      image,
      diskBytes: image.rootfs.virtualSizeBytes,
      layer: undefined,
      origin: { how: "boot", why: undefined },
      owner: "0x1111",
    },
    never,
  );
  await vms.startAgain(owned, never);
  await eventually("it is ready", () => owned.contact?.current !== undefined);
  await owned.stop(never);
  await live(vms);
  await eventually("the other's came", () => reader.ids.length > 4);
  const names = reader.items.flatMap((item) => (item.kind === "vm" ? [item.event.hostname] : []));
  assert.deepEqual(new Set(names), new Set(["sbox-1"]));
  assert.deepEqual(new Set(reader.changes), new Set(["vm sbox-1"]));
});

test("event feed: hundreds of VMs at a time are told to many readers, each event once", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const feed = feedOf(host, vms);
  await using readers = new AsyncDisposableStack();
  const all = Array.from({ length: 20 }, () => readers.use(new Follower(feed, 0)));
  const made = await Promise.all(
    Array.from({ length: 500 }, () => vms.create("sbox", aRequest({}), never)),
  );
  await eventually("all run", () => made.every(({ phase }) => phase === "running"));
  await using late = new Follower(feed, 0);
  const ids = storedIds(host);
  for (const reader of [...all, late]) {
    await eventually("all came", () => reader.ids.length >= ids.length);
    assert.deepEqual(reader.ids, ids);
  }
});
