import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { newCommitId, newLayerId, newVmId } from "#core/ids.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { migrate, openDb } from "./db.ts";
import { MIGRATIONS } from "./migrations.ts";
import { SqliteVmStore } from "./sqlite-vm-store.ts";

test("vm store: what was inserted comes back whole", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  const record = aVmRecord({ hostname: "web-1" });
  store.insert(record);
  assert.deepEqual(store.all(), [record]);
});

test("vm store: what a disk stands on, how a VM began and what its agent confirmed come back whole", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  const record = aVmRecord({ origin: { how: "boot", why: "there was no template" } });
  store.insert(record);
  assert.deepEqual(store.all(), [record]);
  assert.deepEqual(store.layers(), []);
  const layer = newLayerId();
  const origin = { how: "commit", commit: newCommitId(), fixups: ["machine-id"] } as const;
  store.saveGround(record.id, layer, origin);
  const receipt = {
    rng: "reseeded",
    clockStepNs: 2n ** 62n + 1n,
    hostname: "sbox-1",
    machineId: "0".repeat(32),
    sshHostKeys: "none",
    mac: undefined,
    address: undefined,
    connectionsCut: 3,
  } as const;
  store.saveReceipt(record.id, receipt);
  assert.deepEqual(store.all(), [{ ...record, layer, origin, receipt }]);
  assert.deepEqual(store.layers(), [layer]);
  store.saveGround(record.id, undefined, record.origin);
  assert.deepEqual(store.all(), [{ ...record, receipt }]);
  assert.throws(() => store.saveGround(newVmId(), layer, origin), /invariant/);
  assert.throws(() => store.saveReceipt(newVmId(), receipt), /invariant/);
});

test("vm store: a state and its event are stored together", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  const record = aVmRecord({});
  store.insert(record);
  const at = new Date(5_000);
  const state = {
    phase: "failed",
    since: at,
    reason: "QEMU: no such file",
    machine: undefined,
    saved: undefined,
  } as const;
  const { id: vmId, hostname } = record;
  const event = { vmId, hostname, at, input: "crashed", phase: "failed", reason: state.reason };
  store.saveState(vmId, state, event);
  assert.deepEqual(store.all(), [{ ...record, state }]);
  assert.deepEqual(store.events(10), [{ id: 1, ...event }]);
});

test("vm store: events are read from a place on, and backwards for one VM; those of an owner's VM are not there", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  assert.deepEqual(store.eventIds(), { oldest: 0, newest: 0 });
  const mine = aVmRecord({});
  const other = aVmRecord({ id: newVmId(), hostname: "sbox-2", networkSlot: 7, owner: "0xowner" });
  for (const record of [mine, other]) store.insert(record);
  const { state } = mine;
  for (const { id: vmId, hostname } of [mine, other, mine, other, mine]) {
    const event = { vmId, hostname, at: new Date(5_000), input: "start", phase: "starting" };
    store.saveState(vmId, state, { ...event, reason: undefined });
  }
  assert.deepEqual(store.eventIds(), { oldest: 1, newest: 5 });
  assert.deepEqual(idsOf(store.eventsAfter(0, 10)), [1, 3, 5]);
  assert.deepEqual(idsOf(store.eventsAfter(1, 1)), [3]);
  assert.deepEqual(idsOf(store.eventsOf(mine.id, 2, Number.MAX_SAFE_INTEGER)), [5, 3]);
  assert.deepEqual(idsOf(store.eventsOf(mine.id, 10, 3)), [1]);
  assert.deepEqual(store.eventsOf(other.id, 10, 9), []);
});

test("vm store: new tags replace the old ones and change nothing else", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  const [first, second] = [
    aVmRecord({}),
    aVmRecord({ id: newVmId(), hostname: "sbox-2", networkSlot: 7 }),
  ];
  store.insert(first);
  store.insert(second);
  const tags = ["it's", 'a "b"', "ü\u0000"];
  store.saveTags(first.id, tags);
  assert.deepEqual(store.all(), [{ ...first, spec: { ...first.spec, tags } }, second]);
  assert.throws(() => store.saveTags(newVmId(), []), /invariant/);
});

test("vm store: what the configuration makes of a VM replaces kind and specification", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  const vm = aVmRecord({ kind: "persistent" });
  const other = aVmRecord({ id: newVmId(), hostname: "sbox-2", networkSlot: 7 });
  store.insert(vm);
  store.insert(other);
  const spec = { ...vm.spec, vcpus: 7, userdata: "echo 'it is so'" };
  store.saveDeclaration(vm.id, { kind: "service", spec });
  assert.deepEqual(store.all(), [{ ...vm, kind: "service", spec }, other]);
  assert.throws(() => store.saveDeclaration(newVmId(), { kind: "service", spec }), /invariant/);
});

test("vm store: a host name exists once", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  store.insert(aVmRecord({ hostname: "web-1" }));
  const second = aVmRecord({ id: newVmId(), hostname: "web-1", networkSlot: 7 });
  assert.throws(
    () => store.insert(second),
    (error) => AlcoveError.is(error, "name_taken"),
  );
});

test("vm store: a state for a VM that is not stored is refused and leaves no event", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  const { id: vmId, hostname, state } = aVmRecord({});
  const event = {
    vmId,
    hostname,
    at: new Date(),
    input: "start",
    phase: "starting",
    reason: undefined,
  };
  assert.throws(() => store.saveState(vmId, state, event), /invariant/);
  assert.deepEqual(store.events(10), []);
});

test("vm store: a VM of the first version has its network and no secrets afterwards", () => {
  using db = new DatabaseSync(":memory:");
  db.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1`);
  const { id, hostname } = aVmRecord({});
  const old = {
    vcpus: 1,
    memoryMiB: 256,
    image: "base",
    networkMode: "user",
    tags: [],
    sshKeys: [],
  };
  db.prepare(
    `INSERT INTO vm VALUES (?, ?, 'sbox', 'persistent', ?, ?, 'qemu', 4095, 1000, 'stopped', 1000, NULL, NULL)`,
  ).run(id, hostname, JSON.stringify(old), "0".repeat(64));
  migrate(db);
  const [vm] = new SqliteVmStore(db).all();
  assert.equal(vm?.address, "10.233.255.244");
  assert.deepEqual([vm?.layer, vm?.origin], [undefined, { how: "boot", why: undefined }]);
  const network = { settings: { mode: "user" }, dns: [], override: undefined };
  const { networkMode: _gone, ...kept } = old;
  const added = { network, secrets: [], userdata: undefined, diskBytes: undefined };
  assert.deepEqual(vm?.spec, { ...kept, ...added });
});

test("vm store: a database of a newer version is left alone", () => {
  using db = openDb(":memory:");
  const store = new SqliteVmStore(db);
  store.insert(aVmRecord({}));
  db.exec("UPDATE vm SET phase = 'dreaming'");
  assert.throws(() => store.all(), /"dreaming", which this version of Alcove does not know/);
});

function idsOf(events: readonly { readonly id: number }[]): readonly number[] {
  return events.map(({ id }) => id);
}
