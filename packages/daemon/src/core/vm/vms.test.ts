import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { test } from "node:test";

import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { GIB, MIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { aGroup, aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { HeldBoots } from "#testing/troubles.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { stopAll } from "./end-of-daemon.ts";
import type { VmRequest } from "./spec.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { Vms, VmsDeps } from "./vms.ts";

async function running(vms: Vms, request: Partial<VmRequest> = {}): Promise<VmSupervisor> {
  const vm = await vms.create("sbox", aRequest(request), never);
  await eventually("the VM runs", () => vm.phase === "running");
  return vm;
}

test("vms: a new VM is on record, has a disk, and starts", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await vms.create("sbox", aRequest({ tags: ["name=web"] }), never);
  assert.equal(vms.get("sbox-1"), vm);
  assert.deepEqual(vm.record.spec.tags, ["name=web"]);
  assert.deepEqual(await host.disks.list(), [vm.record.id]);
  await eventually("the VM runs", () => vm.phase === "running");
  assert.deepEqual(host.store.all(), [vm.record]);
});

const LIMITS = {
  memoryReserveMiB: 1024,
  memoryOvercommit: 1,
  cpuOvercommit: 64,
  diskReserveBytes: GIB,
  maxVms: 10,
};

interface Trouble {
  readonly what: string;
  readonly parts?: Partial<VmsDeps>;
  /** what happens to the host before the VM is asked for */
  readonly befalls?: (host: FakeHost) => Promise<void> | void;
  readonly error: ErrorCode | RegExp;
}

const TROUBLES: readonly Trouble[] = [
  {
    what: "the image does not exist",
    parts: {
      images: {
        ...fakeImages,
        resolve: async (image) => {
          throw new AlcoveError("image_not_found", `There is no image ${image}`, { image });
        },
      },
    },
    error: "image_not_found",
  },
  {
    what: "memory is short",
    parts: { hostFacts: facts({ totalBytes: 256 * MIB }) },
    error: "no_capacity",
  },
  {
    what: "there are as many VMs as there may be",
    parts: { limits: { ...LIMITS, maxVms: 0 } },
    error: "no_capacity",
  },
  {
    what: "the disk cannot be made",
    befalls: (host) => rm(`${host.directory}/vms`, { recursive: true }),
    error: /ENOENT/,
  },
  {
    what: "the record cannot be stored",
    befalls: (host) =>
      host.db.exec(
        "CREATE TRIGGER full BEFORE INSERT ON vm BEGIN SELECT RAISE(ABORT, 'disk full'); END",
      ),
    error: /disk full/,
  },
];

for (const { what, parts, befalls, error } of TROUBLES) {
  test(`vms: nothing is left of a VM when ${what}`, async () => {
    await using host = await FakeHost.make();
    const vms = await host.open(parts);
    await befalls?.(host);
    const creating = vms.create("sbox", aRequest({}), never);
    await assert.rejects(creating, typeof error === "string" ? isError(error) : error);
    assert.deepEqual(vms.list(), []);
    assert.deepEqual(host.store.all(), []);
    assert.deepEqual(await readdir(`${host.directory}/vms`).catch(() => []), []);
  });
}

test("vms: a caller who leaves before his turn gets no VM", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const caller = new AbortController();
  const first = vms.create("sbox", aRequest({}), never);
  const second = vms.create("sbox", aRequest({}), caller.signal);
  const left = assert.rejects(second, /the caller left/);
  caller.abort(new Error("the caller left"));
  await Promise.all([first, left]);
  assert.equal(vms.list().length, 1);
});

test("vms: VMs that are created at once get distinct names and places", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const made = await Promise.all(
    Array.from({ length: 30 }, () => vms.create("sbox", aRequest({}), never)),
  );
  const names = made.map(({ record }) => record.hostname);
  const wanted = Array.from({ length: 30 }, (_, index) => `sbox-${index + 1}`);
  assert.deepEqual(new Set(names), new Set(wanted));
  assert.equal(new Set(made.map(({ record }) => record.networkSlot)).size, 30);
  assert.equal(new Set(made.map(({ record }) => record.id)).size, 30);
});

test("vms: VMs that are created at once are not promised the same memory", async () => {
  await using host = await FakeHost.make();
  const twoFit = 1024 * MIB + 2 * (1024 + 64) * MIB;
  const vms = await host.open({ hostFacts: facts({ totalBytes: twoFit, availableBytes: GIB }) });
  const asked = Array.from({ length: 4 }, () => vms.create("sbox", aRequest({}), never));
  const ends = await Promise.allSettled(asked);
  assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 2);
});

test("vms: the lowest free number and place are used again", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  for (let count = 0; count < 3; count += 1) await running(vms);
  await vms.delete(vms.get("sbox-2"));
  const { record } = await vms.create("sbox", aRequest({}), never);
  assert.equal(record.hostname, "sbox-2");
  assert.equal(record.networkSlot, 1);
});

test("vms: each host group numbers its own", async () => {
  await using host = await FakeHost.make([aGroup({}), aGroup({ name: "gpu" })]);
  const vms = await host.open();
  const names = [];
  for (const group of ["sbox", "gpu", "gpu"]) {
    names.push((await vms.create(group, aRequest({}), never)).record.hostname);
  }
  assert.deepEqual(names, ["sbox-1", "gpu-1", "gpu-2"]);
  assert.deepEqual(
    vms.inGroup("gpu").map(({ record }) => record.hostname),
    ["gpu-1", "gpu-2"],
  );
  assert.throws(() => vms.getInGroup("sbox", "gpu-1"), isError("vm_not_found"));
  assert.throws(() => vms.inGroup("none"), isError("group_not_found"));
  await assert.rejects(vms.create("none", aRequest({}), never), isError("group_not_found"));
});

test("vms: a VM of a group that is not configured any more can still be deleted", async () => {
  await using host = await FakeHost.make();
  const { state, ...record } = aVmRecord({ hostname: "old-1", group: "old", kind: "persistent" });
  host.store.insert({ ...record, state: { ...state, phase: "stopped" } });
  const vms = await host.open();
  await vms.delete(vms.getInGroup("old", "old-1"));
  assert.deepEqual(vms.list(), []);
  assert.throws(() => vms.getInGroup("old", "old-1"), isError("group_not_found"));
});

test("vms: a deleted VM leaves nothing", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms, { kind: "persistent" });
  await vms.delete(vm);
  assert.throws(() => vms.get("sbox-1"), isError("vm_not_found"));
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("vms: a VM that is deleted by several at once is deleted once, for all of them", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  await Promise.all([vms.delete(vm), vms.delete(vm), vms.delete(vm)]);
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
  assert.deepEqual(host.log.troubles(), []);
});

test("vms: a VM can be deleted while it boots", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vms = await host.open({ hypervisor: held.hypervisor });
  const vm = await vms.create("sbox", aRequest({}), never);
  await held.begun;
  await vms.delete(vm);
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("vms: a VM can be deleted the moment it is there", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await vms.delete(await vms.create("sbox", aRequest({}), never));
  await vms.abandonAll();
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("vms: a deletion that failed can be tried again", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  host.db.exec(
    "CREATE TRIGGER busy BEFORE DELETE ON vm BEGIN SELECT RAISE(ABORT, 'disk full'); END",
  );
  await assert.rejects(vms.delete(vm), /disk full/);
  assert.equal(vms.get("sbox-1"), vm);
  host.db.exec("DROP TRIGGER busy");
  await vms.delete(vm);
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("vms: what the configuration declares cannot be deleted", async () => {
  await using host = await FakeHost.make();
  const record = aVmRecord({ kind: "service", state: atRest("stopped") });
  host.store.insert(record);
  const vms = await host.open();
  await assert.rejects(vms.delete(vms.get("sbox-1")), isError("vm_protected"));
  assert.deepEqual(host.store.all(), [record]);
});

test("vms: a sandbox is gone when its guest ends", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  host.boxOf(vm).guest.powerOff();
  await eventually("it is gone", () => vms.list().length === 0);
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("vms: a sandbox that crashed stays, to tell why", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  host.boxOf(vm).end({ kind: "crash", lastWords: "out of memory" });
  await eventually("it has failed", () => vm.phase === "failed");
  assert.equal(vms.get("sbox-1").record.state.reason, "out of memory");
});

test("vms: a sandbox that is shut down is gone, a persistent VM is stopped", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const sandbox = await running(vms);
  const kept = await running(vms, { kind: "persistent" });
  for (const vm of [sandbox, kept]) vms.shutDown(vm);
  await eventually("both have ended", () => vms.list().length === 1 && kept.phase === "stopped");
  vms.shutDown(kept); // harmless
  assert.deepEqual(await host.disks.list(), [kept.record.id]);
});

test("vms: every change of every VM is told, until one stops listening", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const told: string[] = [];
  const listening = vms.onChange((vm) => told.push(`${vm.record.hostname} ${vm.phase}`));
  const vm = await running(vms, { kind: "persistent" });
  await vm.pause(never);
  listening[Symbol.dispose]();
  await vm.resume(never);
  assert.deepEqual(told, ["sbox-1 starting", "sbox-1 running", "sbox-1 paused"]);
});

test("vms: a stop of everything deletes sandboxes and keeps the others, stopped", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await running(vms);
  const kept = await running(vms, { kind: "persistent" });
  await vms.create("sbox", aRequest({}), never);
  await stopAll(vms, "power off");
  assert.deepEqual(vms.list(), [kept]);
  assert.equal(kept.phase, "stopped");
  const disks = [kept.record.id];
  assert.deepEqual(await leftOf(host), { machines: 0, disks, records: [kept.record] });
});

test("vms: one VM that cannot be stopped does not keep the others from being stopped", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const [stuck, other] = [await running(vms), await running(vms)];
  host.db.exec(
    `CREATE TRIGGER full BEFORE UPDATE ON vm WHEN NEW.id = '${stuck.record.id}'
     BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
  );
  await stopAll(vms, "power off");
  host.db.exec("DROP TRIGGER full");
  assert.ok(!vms.list().includes(other));
  assert.deepEqual(host.log.troubles(), ["vm.stop_failed"]);
});

test("vms: a daemon that goes leaves its machines running, also one that is still booting", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vms = await host.open({ hypervisor: held.hypervisor });
  const vm = await vms.create("sbox", aRequest({}), never);
  await held.begun;
  const going = vms.abandonAll();
  held.release();
  await going;
  assert.equal(host.world.living().length, 1);
  assert.equal(vm.contact, undefined);
  assert.deepEqual(host.store.all(), [vm.record]);
  assert.equal(vm.phase, "running");
});

function facts(memory: { totalBytes: number; availableBytes?: number }): VmsDeps["hostFacts"] {
  return {
    cpuCount: () => 64,
    memory: async () => ({ availableBytes: 4 * GIB, ...memory }),
    disk: async () => ({ totalBytes: 64 * GIB, freeBytes: 64 * GIB }),
  };
}

function atRest(phase: "stopped" | "failed") {
  return { phase, since: new Date(1_000), reason: undefined, machine: undefined, saved: undefined };
}

async function leftOf(host: FakeHost): Promise<object> {
  const [machines, records] = [host.world.living().length, host.store.all()];
  return { machines, disks: await host.disks.list(), records };
}

function isError(code: ErrorCode): (error: unknown) => boolean {
  return (error) => AlcoveError.is(error, code);
}
