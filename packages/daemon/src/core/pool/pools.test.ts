import assert from "node:assert/strict";
import { test } from "node:test";

import { MIB } from "#lib/bytes.ts";
import { pause } from "#lib/patience.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, type FakeHost, never } from "#testing/fake-host.ts";
import { type OpenedPools, PoolHost } from "#testing/pool-host.ts";

import { macAddress } from "../network/user-network.ts";
import { SecretBytes } from "../secrets/secret-bytes.ts";
import { launch } from "../vm/launch.ts";
import type { Claim, MadeAhead } from "../vm/made-ahead.ts";
import type { VmRequest } from "../vm/spec.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { Pools } from "./pools.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

function create({ vms }: OpenedPools, request: Partial<VmRequest> = {}): Promise<VmSupervisor> {
  return launch(vms, { group: "sbox", request: aRequest(request), wait }, never);
}

function stateOf({ pools }: OpenedPools) {
  const [state] = pools.list();
  assert.ok(state);
  return state;
}

/** Nothing is on the host but what belongs to VMs. */
async function assertOnlyVms(host: FakeHost, vms: readonly VmSupervisor[]): Promise<void> {
  const ids = vms.map(({ record }) => record.id).toSorted();
  const living = host.world.living().map(({ plan }) => plan.vmId);
  assert.deepEqual(living.toSorted(), ids);
  assert.deepEqual((await host.disks.list()).toSorted(), ids);
}

/** What VMs see of pools, with every claim changed. */
function claiming(change: (claim: Claim) => Partial<Claim>): (pools: Pools) => MadeAhead {
  return (pools) => ({
    places: () => pools.places(),
    shares: () => pools.shares(),
    giveWay: (fits) => pools.giveWay(fits),
    claim: (wish) => {
      const claim = pools.claim(wish);
      return claim && { ...claim, ...change(claim) };
    },
  });
}

const doesNotGoOn = () => Promise.reject(new Error("it does not go on"));

test("pools: a VM that is asked for is one that was waiting, under the name that is its turn", async () => {
  await using it = await PoolHost.make(2);
  await using opened = await it.open();
  await it.full(opened);
  const waiting = opened.pools.places();
  const random = waiting.map(({ id }) => it.host.world.find(id)?.guest.random.copy().uuid());
  const [first, second] = [await create(opened), await create(opened, { kind: "persistent" })];
  assert.deepEqual(
    [first, second].map(({ record }) => record.id),
    waiting.map(({ id }) => id),
  );
  assert.deepEqual([first.record.hostname, second.record.hostname], ["sbox-1", "sbox-2"]);
  assert.equal(second.record.kind, "persistent");
  for (const [index, { record }] of [first, second].entries()) {
    const { receipt, mac, address, id } = record;
    assert.equal(mac, macAddress(id));
    const { hostname, mac: told, address: place } = receipt ?? {};
    assert.deepEqual([hostname, told, place], [record.hostname, mac, address]);
    const guest = it.host.world.find(id)?.guest;
    assert.equal(guest?.hostname, record.hostname);
    assert.notEqual(guest?.random.copy().uuid(), random[index]);
  }
  await it.full(opened);
  const { claimed, misses, problem } = stateOf(opened);
  assert.deepEqual([claimed, misses, problem], [2, 0, undefined]);
});

test("pools: of twenty that are asked for at once some were waiting, and no two have anything in common", async () => {
  await using it = await PoolHost.make(4);
  await using opened = await it.open();
  await it.full(opened);
  const vms = await Promise.all(Array.from({ length: 20 }, () => create(opened)));
  const records = vms.map(({ record }) => record);
  for (const part of ["id", "hostname", "networkSlot", "address", "mac"] as const) {
    assert.equal(new Set(records.map((record) => record[part])).size, 20, part);
  }
  const machineIds = records.map(({ receipt }) => receipt?.machineId);
  assert.equal(new Set(machineIds).size, 20);
  const { claimed, misses } = stateOf(opened);
  assert.ok(claimed >= 4 && claimed + misses === 20, `${claimed} claimed, ${misses} missed`);
  await it.full(opened);
  const places = [...opened.pools.places(), ...records];
  assert.equal(new Set(places.map(({ networkSlot }) => networkSlot)).size, 24);
});

test("pools: what is asked for otherwise is made otherwise", async () => {
  await using it = await PoolHost.make(1);
  await using opened = await it.open();
  await it.full(opened);
  const [waiting] = opened.pools.places();
  for (const request of [{ vcpus: 1 }, { memoryBytes: 512 * MIB }] as const) {
    assert.notEqual((await create(opened, request)).record.id, waiting?.id);
  }
  const service = await create(opened, { kind: "service", hostname: "sbox-9" });
  assert.notEqual(service.record.id, waiting?.id);
  const { claimed, misses } = stateOf(opened);
  assert.deepEqual([claimed, misses], [0, 0]);
});

test("pools: a VM that was waiting has its own secrets, and one without has none", async () => {
  await using it = await PoolHost.make(1);
  const content = new SecretBytes(Buffer.from("s3cret"));
  const token = { name: "token", content, mode: undefined, uid: undefined, gid: undefined };
  await it.host.secrets.create(token, never);
  await using opened = await it.open();
  await it.full(opened);
  const withOne = await create(opened);
  await it.full(opened);
  const without = await create(opened, { secrets: [] });
  const fileOf = (vm: VmSupervisor) =>
    it.host.boxOf(vm).guest.files.find("/run/slicer/secrets/token")?.kind;
  assert.deepEqual([fileOf(withOne), fileOf(without)], ["file", undefined]);
  assert.equal(stateOf(opened).claimed, 2);
});

test("pools: a machine that does not come to life is another one's disk away from a VM", async () => {
  await using it = await PoolHost.make(1);
  const seen = claiming(({ machine }) => {
    const pausing = { pause: doesNotGoOn, resume: doesNotGoOn };
    const end = () => machine[Symbol.asyncDispose]();
    const { pid, handle, agentEndpoint, logPaths, pausedAtStart, exited } = machine;
    const parts = { pid, handle, agentEndpoint, logPaths, pausedAtStart, exited };
    const rest = { stalled: () => undefined, abandon: () => machine.abandon() };
    return { machine: { ...parts, ...rest, pausing, [Symbol.asyncDispose]: end } };
  });
  await using opened = await it.open({ seen });
  await it.full(opened);
  const [waiting] = opened.pools.places();
  const vm = await create(opened);
  assert.equal(vm.record.id, waiting?.id);
  assert.equal(vm.record.receipt?.hostname, "sbox-1");
  assert.ok(it.host.log.troubles().includes("vm.machine_ahead_failed"));
});

test("pools: one whose agent does not confirm its name is nobody's VM", async () => {
  await using it = await PoolHost.make(1);
  const seen = claiming(() => ({ renewGuest: () => Promise.reject(new Error("no answer")) }));
  await using opened = await it.open({ seen });
  await it.full(opened);
  await assert.rejects(create(opened), /did not confirm that it is a VM of its own: no answer/);
  await eventually("it is gone", () => opened.vms.list().length === 0);
  await opened.keeper[Symbol.asyncDispose]();
  await assertOnlyVms(it.host, []);
});

test("pools: one that ends by itself is replaced", async () => {
  await using it = await PoolHost.make(1);
  await using opened = await it.open();
  await it.full(opened);
  const [waiting] = opened.pools.places();
  assert.ok(waiting);
  it.host.world.find(waiting.id)?.end({ kind: "crash", lastWords: "killed" });
  await eventually("it is not there any more", () => !opened.pools.places().includes(waiting));
  await it.full(opened);
  assert.equal((await it.host.disks.list()).includes(waiting.id), false);
});

test("pools: those of a template that is gone make room for those of the next", async () => {
  await using it = await PoolHost.make(2);
  await using opened = await it.open();
  await it.full(opened);
  const before = opened.pools.places();
  const [template] = opened.templates.list();
  assert.ok(template);
  await opened.templates.remove(template.id);
  await eventually("they are gone", () =>
    before.every((place) => !opened.pools.places().includes(place)),
  );
  await it.full(opened);
  assert.equal(opened.templates.list().length, 1);
});

test("pools: what a killed daemon left of them, the next one removes", async () => {
  await using it = await PoolHost.make(3);
  const first = await it.open();
  await it.full(first);
  const vm = await create(first, { kind: "persistent" });
  await it.full(first); // a daemon that died makes nothing more, and this one has nothing more to make
  const left = first.pools.places().map(({ id }) => id);
  await first.vms.abandonAll(); // all that a daemon does that dies
  await using next = await it.open();
  assert.deepEqual(
    next.vms.list().map(({ record }) => record.id),
    [vm.record.id],
  );
  for (const id of left) assert.equal(it.host.world.find(id), undefined);
  await it.full(next);
  await first[Symbol.asyncDispose]();
});

test("pools: an orderly end leaves VMs and nothing else", async () => {
  await using it = await PoolHost.make(3);
  const opened = await it.open();
  await it.full(opened);
  const vm = await create(opened, { kind: "persistent" });
  await opened[Symbol.asyncDispose]();
  await assertOnlyVms(it.host, [vm]);
});

test("pools: a daemon that died between the claim and the first word leaves a VM to the next one", async () => {
  await using it = await PoolHost.make(1);
  const forever = 60_000;
  const seen = claiming(() => ({
    renewGuest: async (_record, _link, signal) => {
      await pause(forever, signal);
      throw new Error("it is too late");
    },
  }));
  const first = await it.open({ seen });
  await it.full(first);
  const vm = await first.vms.create("sbox", aRequest({ kind: "persistent" }), never);
  await eventually("it runs", () => vm.phase === "running");
  await it.full(first); // as above
  await first.vms.abandonAll();
  await using next = await it.open();
  const [adopted] = next.vms.list();
  await eventually("it is somebody of its own", () => adopted?.record.receipt !== undefined);
  assert.equal(adopted?.record.receipt?.hostname, "sbox-1");
  await first[Symbol.asyncDispose]();
});
