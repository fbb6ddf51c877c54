import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { FakeHost, never } from "#testing/fake-host.ts";
import { dialerWith } from "#testing/troubles.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import type { VmPhase } from "./lifecycle.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import type { VmSupervisor } from "./supervisor.ts";

type MachineState = "runs" | "stands still" | "is gone";

const ADOPTIONS: readonly (readonly [stored: VmPhase, MachineState, VmPhase])[] = [
  ["starting", "runs", "running"],
  ["starting", "stands still", "running"],
  ["starting", "is gone", "failed"],
  ["running", "runs", "running"],
  ["running", "stands still", "running"],
  ["running", "is gone", "failed"],
  ["paused", "stands still", "paused"],
  ["paused", "runs", "running"],
  ["paused", "is gone", "failed"],
  ["stopping", "runs", "stopped"],
  ["stopping", "stands still", "stopped"],
  ["stopping", "is gone", "stopped"],
  ["created", "is gone", "created"],
  ["stopped", "is gone", "stopped"],
  ["failed", "is gone", "failed"],
];

for (const [stored, machine, phase] of ADOPTIONS) {
  test(`adoption: a VM stored as ${stored} whose machine ${machine} is ${phase}`, async () => {
    await using host = await FakeHost.make();
    const vm = await leftBehind(host, stored, machine);
    await vm.adopt(never);
    assert.equal(vm.phase, phase);
    assert.deepEqual(host.store.all(), [vm.record]);
    assert.equal(vm.contact !== undefined, phase === "running" || phase === "paused");
    assert.equal(host.world.living().length, phase === "running" || phase === "paused" ? 1 : 0);
  });
}

test("adoption: an adopted VM obeys as one that was booted here", async () => {
  await using host = await FakeHost.make();
  const vm = await leftBehind(host, "running", "runs");
  await vm.adopt(never);
  await vm.contact?.link(never);
  await vm.pause(never);
  await vm.resume(never);
  await vm.stop(never);
  assert.equal(vm.phase, "stopped");
  assert.equal(host.world.living().length, 0);
});

test("adoption: the end of an adopted machine is recorded", async () => {
  await using host = await FakeHost.make();
  const vm = await leftBehind(host, "running", "runs");
  await vm.adopt(never);
  host.boxOf(vm).end({ kind: "crash", lastWords: "out of memory" });
  await eventually("the crash is recorded", () => vm.phase === "failed");
  assert.equal(vm.record.state.reason, "out of memory");
});

test("adoption: the guest is configured again, and a refusal does not lock anybody out", async () => {
  await using host = await FakeHost.make();
  const dialer = dialerWith(host.dialer, () => ({
    configure: async () => {
      throw new Error("disk full");
    },
  }));
  const vm = await leftBehind(host, "running", "runs", { dialer });
  await vm.adopt(never);
  const link = await vm.contact?.link(never);
  assert.equal(link?.agent.version, "fake");
  assert.deepEqual(host.log.troubles(), ["guest.reconfigure_failed"]);
});

test("adoption: a VM that was abandoned answers no more to the old daemon", async () => {
  await using host = await FakeHost.make();
  const old = await host.supervise(aVmRecord({}));
  await old.start(never);
  await old.abandon(never);
  assert.equal(old.contact, undefined);
  host.boxOf(old).guest.powerOff();
  await new Promise(setImmediate);
  assert.equal(old.phase, "running");
});

/** A VM as an earlier daemon left it, under a new one that has not looked at it yet. */
async function leftBehind(
  host: FakeHost,
  stored: VmPhase,
  machine: MachineState,
  different: Partial<SupervisorDeps> = {},
): Promise<VmSupervisor> {
  const earlier = await host.supervise(aVmRecord({}));
  await earlier.start(never);
  await earlier.abandon(never);
  const box = host.boxOf(earlier);
  if (machine === "stands still") box.guest.pause();
  if (machine === "is gone") box.end({ kind: "crash", lastWords: "the host lost power" });
  const { id, hostname } = earlier.record;
  const at = new Date(5_000);
  const kept = earlier.record.state.machine;
  const state = { phase: stored, since: at, reason: undefined, machine: kept, saved: undefined };
  const event = { vmId: id, hostname, at, input: "arranged", phase: stored, reason: undefined };
  host.store.saveState(id, state, event);
  return host.superviseAgain({ ...earlier.record, state }, different);
}
