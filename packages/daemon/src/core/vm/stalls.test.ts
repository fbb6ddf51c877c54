import assert from "node:assert/strict";
import { test } from "node:test";

import { MIB } from "#lib/bytes.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { roomyFacts } from "#testing/roomy-facts.ts";

import { healthOf } from "../exec/guest-work.ts";
import { becomesReady } from "./readiness.ts";
import { Stalls } from "./stalls.ts";

function diskWith(state: { freeBytes: number }) {
  return {
    ...roomyFacts,
    disk: async () => ({ totalBytes: 1024 * MIB, freeBytes: state.freeBytes }),
  };
}

test("stalls: a VM that stands still says why, keeps its phase, and goes on when there is room", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await vms.create("sbox", aRequest({}), never);
  await becomesReady(vms, vm, "agent", never);
  const disk = { freeBytes: 0 };
  const told: (string | undefined)[] = [];
  const stalls = new Stalls(diskWith(disk), host.log, (it) => told.push(it.stalled));
  const link = vm.contact?.current;

  host.boxOf(vm).guest.stall("the disk is full");
  await stalls.tend(vms.list());
  await stalls.tend(vms.list());

  assert.deepEqual([vm.phase, vm.stalled], ["running", "the disk is full"]);
  assert.equal(vm.record.state.reason, "the disk is full");
  await assert.rejects(healthOf(vm, never), {
    code: "no_capacity",
    message: "sbox-1 stands still: the disk is full",
  });
  assert.deepEqual(host.log.troubles(), ["vm.stalled"]);

  disk.freeBytes = 64 * MIB;
  await stalls.tend(vms.list());
  await stalls.tend(vms.list());

  assert.deepEqual([vm.stalled, vm.record.state.reason], [undefined, undefined]);
  assert.ok((await healthOf(vm, never)).agentUptimeNs > 0);
  assert.equal(vm.contact?.current, link);
  assert.ok(host.log.lines.some(({ event }) => event === "vm.goes_on"));
  assert.deepEqual(told, ["the disk is full", undefined]);
});

test("stalls: a resume on request goes on at once", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await vms.create("sbox", aRequest({}), never);
  await becomesReady(vms, vm, "agent", never);
  host.boxOf(vm).guest.stall("the disk is full");
  await vm.resume(never);
  assert.deepEqual([vm.phase, vm.stalled], ["running", undefined]);
  assert.ok((await healthOf(vm, never)).agentUptimeNs > 0);
});

test("stalls: one that has ended meanwhile is nobody's", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await vms.create("sbox", aRequest({ kind: "persistent" }), never);
  await becomesReady(vms, vm, "agent", never);
  host.boxOf(vm).guest.stall("the disk is full");
  await vm.kill("for the test", never);
  const stalls = new Stalls(diskWith({ freeBytes: 0 }), host.log, () => assert.fail("it is none"));
  await stalls.tend(vms.list());
  assert.deepEqual([vm.phase, vm.stalled, host.log.troubles()], ["stopped", undefined, []]);
});
