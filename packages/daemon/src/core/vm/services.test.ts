import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { type HostGroup, HostGroups } from "#core/group/host-group.ts";
import type { ResolvedImage } from "#core/ports/image-store.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { GIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { aGroup, aRequest, FakeHost, never } from "#testing/fake-host.ts";

import { stopAll } from "./end-of-daemon.ts";
import { relaunch } from "./relaunch.ts";
import { changedSpec, startServices } from "./services.ts";
import type { VmSpec } from "./vm.ts";
import type { Vms, VmsDeps } from "./vms.ts";

/** A daemon's start with these groups. */
async function started(
  host: FakeHost,
  groups: readonly HostGroup[],
  different: Partial<VmsDeps> = {},
): Promise<Vms> {
  const vms = await host.open({ groups: new HostGroups(groups), ...different });
  await startServices(vms, groups, host.log, never);
  return vms;
}

async function allRun(vms: Vms): Promise<void> {
  await eventually("all run", () => vms.list().every(({ phase }) => phase === "running"));
}

function kindsOf(vms: Vms): readonly string[] {
  return vms
    .list()
    .map(({ record, phase }) => `${record.hostname} ${record.kind} ${phase}`)
    .toSorted();
}

/** as `aGroup` makes it, with three services */
const WEB = aGroup({ name: "web", count: 3 });

test("services: as many as declared are made and run, by their names", async () => {
  await using host = await FakeHost.make();
  const vms = await started(host, [WEB, aGroup({ name: "db", count: 1, vcpus: 1 }), aGroup({})]);
  await allRun(vms);
  const running = ["db-1", "web-1", "web-2", "web-3"].map((name) => `${name} service running`);
  assert.deepEqual(kindsOf(vms), running);
  assert.equal(vms.get("db-1").record.spec.vcpus, 1);
  assert.deepEqual(host.log.troubles(), []);
});

test("services: they cannot be deleted, and one that ended is started again by request", async () => {
  await using host = await FakeHost.make();
  const vms = await started(host, [WEB]);
  await allRun(vms);
  const vm = vms.get("web-2");
  await assert.rejects(vms.delete(vm), (error) => AlcoveError.is(error, "vm_protected"));
  host.boxOf(vm).end({ kind: "clean" });
  await eventually("it has ended", () => vm.phase === "stopped");
  await relaunch(vms, vm, never);
  await allRun(vms);
  assert.equal(vms.list().length, 3);
});

test("services: the next daemon starts them again, the same ones, whatever they had come to", async () => {
  await using host = await FakeHost.make();
  const first = await started(host, [WEB]);
  await allRun(first);
  const before = first.list().map(({ record }) => record.id);
  host.boxOf(first.get("web-1")).end({ kind: "crash", lastWords: "panic" });
  await eventually("it has failed", () => first.get("web-1").phase === "failed");
  await stopAll(first, "power off");
  const second = await started(host, [WEB]);
  await allRun(second);
  const after = second.list().map(({ record }) => record.id);
  assert.deepEqual(after, before);
  assert.deepEqual(await host.disks.list(), before.toSorted());
});

test("services: those that an earlier daemon left running run on", async () => {
  await using host = await FakeHost.make();
  const first = await started(host, [WEB]);
  await allRun(first);
  const pids = host.world.living().map(({ pid }) => pid);
  await first.abandonAll();
  const second = await started(host, [WEB]);
  await allRun(second);
  assert.deepEqual(
    host.world.living().map(({ pid }) => pid),
    pids,
  );
});

test("services: one that is not declared any more is let go with its disk, and comes back", async () => {
  await using host = await FakeHost.make();
  const first = await started(host, [WEB]);
  await allRun(first);
  const { id } = first.get("web-3").record;
  await stopAll(first, "power off");

  const fewer = await started(host, [{ ...WEB, count: 2 }]);
  await eventually("the others run", () => fewer.get("web-2").phase === "running");
  assert.deepEqual(kindsOf(fewer).at(-1), "web-3 persistent stopped");
  assert.deepEqual(host.log.troubles(), ["service.let_go"]);
  await stopAll(fewer, "power off");

  const again = await started(host, [WEB]);
  await allRun(again);
  assert.deepEqual([again.get("web-3").record.id, again.get("web-3").record.kind], [id, "service"]);
  await stopAll(again, "power off");

  const none = await started(host, [aGroup({})]);
  assert.equal(none.list().length, 3);
  for (const vm of none.list()) await none.delete(vm);
  assert.deepEqual(await host.disks.list(), []);
});

test("services: their names are left to them by VMs that the API makes", async () => {
  await using host = await FakeHost.make();
  const groups = [WEB];
  const noRoom = { cpuCount: () => 64, memory: tiny, disk: plenty };
  const vms = await started(host, groups, { hostFacts: noRoom });
  assert.deepEqual(vms.list(), []);
  const told = host.log.lines.filter(({ event }) => event === "service.not_started");
  const names = told.map((line) => String(line["hostname"])).toSorted();
  assert.deepEqual(names, ["web-1", "web-2", "web-3"]);
  assert.match(String(told[0]?.["reason"]), /Not enough memory/);
  const room = await host.open({ groups: new HostGroups(groups) });
  assert.equal((await room.create("web", aRequest({}), never)).record.hostname, "web-4");
});

test("services: one whose image is missing is told, and the others start", async () => {
  await using host = await FakeHost.make();
  const groups = [aGroup({ name: "odd", count: 1, image: "missing" }), WEB];
  const vms = await started(host, groups, {
    images: { ...fakeImages, resolve: allButMissing },
  });
  await allRun(vms);
  assert.equal(vms.list().length, 3);
  const [told] = host.log.lines.filter(({ level }) => level === "warn");
  assert.deepEqual([told?.event, told?.["hostname"]], ["service.not_started", "odd-1"]);
});

test("services: a sandbox that has the name keeps it until it is gone", async () => {
  await using host = await FakeHost.make();
  const first = await host.open({ groups: new HostGroups([{ ...WEB, count: 0 }]) });
  const sandbox = await first.create("web", aRequest({}), never);
  await eventually("it runs", () => sandbox.phase === "running");
  await first.abandonAll();
  const second = await started(host, [{ ...WEB, count: 1 }]);
  assert.deepEqual(kindsOf(second), ["web-1 sandbox running"]);
  assert.deepEqual(host.log.troubles(), ["service.not_started"]);
  await stopAll(second, "power off");
  const third = await started(host, [{ ...WEB, count: 1 }]);
  await allRun(third);
  assert.deepEqual(kindsOf(third), ["web-1 service running"]);
});

test("services: a new size is had at the next start, what the disk depends on stays and is told", async () => {
  await using host = await FakeHost.make();
  const first = await started(host, [{ ...WEB, count: 1 }]);
  await allRun(first);
  await stopAll(first, "power off");
  const changed = { ...WEB, count: 1, vcpus: 1, memoryMiB: 512, image: "other", diskBytes: GIB };
  const second = await started(host, [changed]);
  await allRun(second);
  const { vcpus, memoryMiB, image, diskBytes } = second.get("web-1").record.spec;
  assert.deepEqual([vcpus, memoryMiB, image, diskBytes], [1, 512, "base", undefined]);
  const [told] = host.log.lines.filter(({ event }) => event === "service.keeps");
  assert.deepEqual(told?.["keys"], ["image", "storage_size"]);
  assert.deepEqual(host.store.all()[0]?.spec, second.get("web-1").record.spec);
});

test("services: at an end without grace their guests are not asked", async () => {
  await using host = await FakeHost.make();
  const vms = await started(host, [{ ...WEB, count: 1 }]);
  await allRun(vms);
  const vm = vms.get("web-1");
  await stopAll(vms, "kill");
  assert.equal(vm.phase, "stopped");
  assert.deepEqual(host.lifeOf(vm).slice(-2), ["kill", "crashed"]);
});

const isolated = { mode: "isolated", range: undefined, allow: [], drop: [] } as const;

test("services: tighter lists reach a service that keeps its address, another network does not", () => {
  const before: VmSpec = {
    vcpus: 1,
    memoryMiB: 256,
    image: "base",
    diskBytes: undefined,
    network: { settings: isolated, dns: [], override: undefined },
    tags: ["kept"],
    sshKeys: [],
    userdata: undefined,
    secrets: "all",
  };
  const settings = { ...isolated, drop: ["0.0.0.0/0"] };
  const tighter = { ...before, tags: [], network: { ...before.network, settings } };
  const { spec, kept } = changedSpec(before, tighter);
  assert.deepEqual([spec, kept], [{ ...tighter, tags: ["kept"] }, []]);
  const elsewhere = { ...isolated, range: "169.254.8.0/22" };
  const moved = {
    ...before,
    network: { ...before.network, settings: elsewhere, dns: ["9.9.9.9"] },
  };
  assert.deepEqual(changedSpec(before, moved), {
    spec: { ...before, network: { ...before.network, dns: ["9.9.9.9"] } },
    kept: ["network"],
  });
});

async function tiny() {
  return { totalBytes: GIB, availableBytes: GIB };
}

async function plenty() {
  return { totalBytes: 1024 * GIB, freeBytes: 1024 * GIB };
}

async function allButMissing(image: string, signal: AbortSignal): Promise<ResolvedImage> {
  if (image !== "missing") return fakeImages.resolve(image, signal);
  throw new AlcoveError("image_not_found", `There is no image "${image}"`, { image });
}
