import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";

import type { UseCounters } from "../ports/use-counters.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { Vms } from "../vm/vms.ts";
import { VmMeters } from "./vm-meters.ts";

const INTERVAL_MS = 40;
const ROWS = 100;

/** Every process uses half a processor. */
function halfBusy(): UseCounters & { readonly asked: number[] } {
  const begun = performance.now();
  const asked: number[] = [];
  return {
    asked,
    processors: async () => ({ busyMs: 0, idleMs: 0 }),
    process: async (pid) => {
      asked.push(pid);
      return { cpuMs: (performance.now() - begun) / 2, residentBytes: 1_000 };
    },
  };
}

async function running(vms: Vms): Promise<VmSupervisor> {
  const vm = await vms.create("sbox", aRequest({ kind: "persistent" }), never);
  await eventually("its agent answers", () => vm.contact?.current !== undefined);
  return vm;
}

test("vm meters: a VM that runs has its processor time from its process, the rest from its guest", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  await using meters = new VmMeters(INTERVAL_MS, ROWS, {
    vms,
    counters: halfBusy(),
    log: host.log,
  });
  await eventually("three samples", () => meters.of(vm, 0).at.length >= 3);
  const samples = meters.of(vm, 0);
  const [first, ...cpu] = samples.column("cpu");
  assert.equal(first, undefined);
  // Roughly half: on a busy machine time passes between a look at the clock and one at the counter.
  assert.ok(cpu.every((value) => value !== undefined && value > 0.1 && value < 0.9));
  assert.equal(samples.column("memoryTotal")[0], 1024 ** 3);
  assert.equal(samples.column("netIn").at(-1), 0);
  assert.deepEqual(meters.of(vm, samples.at.at(-1) ?? 0).at, []);
});

test("vm meters: one that is paused is left alone", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  const counters = halfBusy();
  await using meters = new VmMeters(INTERVAL_MS, ROWS, { vms, counters, log: host.log });
  await eventually("a sample", () => meters.of(vm, 0).at.length > 0);
  await vm.pause(never);
  const other = await running(vms);
  await eventually("the other has samples", () => meters.of(other, 0).at.length >= 2);
  const before = meters.of(vm, 0).at.length;
  await eventually("and more", () => meters.of(other, 0).at.length >= 4);
  assert.equal(meters.of(vm, 0).at.length, before);
});

test("vm meters: a machine that is another one counts from the beginning", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  await using meters = new VmMeters(INTERVAL_MS, ROWS, {
    vms,
    counters: halfBusy(),
    log: host.log,
  });
  await eventually("two samples", () => meters.of(vm, 0).at.length >= 2);
  await vm.stop(never);
  const last = meters.of(vm, 0).at.at(-1) ?? 0;
  await vm.start(never);
  await eventually("one after it", () => meters.of(vm, last).at.length > 0);
  assert.equal(meters.of(vm, last).column("cpu")[0], undefined);
});

test("vm meters: a VM that is deleted is forgotten", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await running(vms);
  await using meters = new VmMeters(INTERVAL_MS, ROWS, {
    vms,
    counters: halfBusy(),
    log: host.log,
  });
  await eventually("a sample", () => meters.of(vm, 0).at.length > 0);
  await vms.delete(vm);
  await eventually("none any more", () => meters.of(vm, 0).at.length === 0);
});

test("vm meters: nothing is sampled at an interval of 0", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  await running(vms);
  const counters = halfBusy();
  await using _meters = new VmMeters(0, ROWS, { vms, counters, log: host.log });
  await running(vms);
  assert.deepEqual(counters.asked, []);
});
