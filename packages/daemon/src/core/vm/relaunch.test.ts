import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import { GIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";

import { launch } from "./launch.ts";
import { relaunch } from "./relaunch.ts";
import type { Vms } from "./vms.ts";

const disk = async () => ({ totalBytes: 1024 * GIB, freeBytes: 1024 * GIB });
const noRoom = (error: unknown) => AlcoveError.is(error, "no_capacity");
const refused = (error: unknown) => AlcoveError.is(error, "wrong_phase");

async function persistent(vms: Vms) {
  const request = aRequest({ kind: "persistent", tags: ["a"] });
  const wait = { until: "agent", timeoutMs: 5_000 } as const;
  return launch(vms, { group: "sbox", request, wait }, never);
}

test("relaunch: a stopped VM runs again, the same one", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await persistent(vms);
  const { state: _, ...before } = vm.record;
  await vm.stop(never);
  await relaunch(vms, vm, never);
  await eventually("it runs", () => vm.phase === "running");
  const { state, ...after } = vm.record;
  assert.deepEqual(after, before);
  assert.equal(state.reason, undefined);
  assert.ok(await vm.contact?.link(never));
});

test("relaunch: a stop that is under way ends first", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await persistent(vms);
  const { promise: stopping, resolve } = Promise.withResolvers<void>();
  using _listening = vms.onChange(() => vm.phase === "stopping" && resolve());
  vms.shutDown(vm);
  await stopping;
  await relaunch(vms, vm, never);
  await eventually("it runs", () => vm.phase === "running");
  const inputs = ["start", "booted", "stop", "exited", "start", "booted"];
  assert.deepEqual(host.lifeOf(vm), inputs);
});

test("relaunch: a VM that runs, or is not kept, is refused; of two at once one is", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await persistent(vms);
  await assert.rejects(relaunch(vms, vm, never), refused);
  await vm.pause(never);
  await assert.rejects(relaunch(vms, vm, never), refused);
  const sandbox = await vms.create("sbox", aRequest({}), never);
  await assert.rejects(relaunch(vms, sandbox, never), refused);
  await vm.stop(never);
  const both = await Promise.allSettled([relaunch(vms, vm, never), relaunch(vms, vm, never)]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  await eventually("it runs", () => vm.phase === "running");
});

test("relaunch: the host must have room again", async () => {
  await using host = await FakeHost.make();
  let totalBytes = 64 * GIB;
  const memory = async () => ({ totalBytes, availableBytes: totalBytes });
  const vms = await host.open({ hostFacts: { cpuCount: () => 8, memory, disk } });
  const vm = await persistent(vms);
  await vm.stop(never);
  totalBytes = GIB;
  await assert.rejects(relaunch(vms, vm, never), noRoom);
  assert.equal(vm.phase, "stopped");
});

test("relaunch: a VM counts once, also when the host knows as many as it may", async () => {
  await using host = await FakeHost.make();
  const limits = {
    memoryReserveMiB: 1024,
    memoryOvercommit: 1,
    cpuOvercommit: 64,
    diskReserveBytes: GIB,
    maxVms: 1,
  };
  const vms = await host.open({ limits });
  const vm = await persistent(vms);
  await vm.stop(never);
  await relaunch(vms, vm, never);
  await eventually("it runs", () => vm.phase === "running");
});
