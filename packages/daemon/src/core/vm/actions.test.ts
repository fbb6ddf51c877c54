import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";

import { type ActionFacts, actionsOf, VM_ACTIONS, type VmAction } from "./actions.ts";
import { launch } from "./launch.ts";
import { nextPhase, VM_PHASES, type VmInput } from "./lifecycle.ts";
import type { VmSupervisor } from "./supervisor.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

function factsOf({ phase, record, contact, stalled, powers }: VmSupervisor): ActionFacts {
  const isReady = contact?.current !== undefined;
  return { phase, kind: record.kind, isReady, isStalled: stalled !== undefined, powers };
}

test("actions: what a VM offers in the course of its life is what it then does", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const request = aRequest({ kind: "persistent" });
  const vm = await launch(vms, { group: "sbox", request, wait }, never);
  const may = () => actionsOf(factsOf(vm)).join(" ");
  const RUNS = "pause suspend shutdown reboot fork delete exec shell files";
  assert.equal(may(), RUNS);
  await vm.pause(never);
  assert.equal(may(), "resume suspend shutdown fork delete");
  await vm.suspend({ restoreAtStart: false }, never);
  assert.equal(may(), "restore shutdown delete");
  await vm.restore(never);
  await eventually("its agent answers", () => vm.contact?.current !== undefined);
  assert.equal(may(), RUNS);
  await vm.stop(never);
  assert.equal(may(), "start commit delete");
});

test("actions: a sandbox ends for good, and what is declared is not deleted", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await launch(vms, { group: "sbox", request: aRequest({}), wait }, never);
  const facts = factsOf(vm);
  const stopped = { ...facts, phase: "stopped", isReady: false } as const;
  assert.deepEqual(actionsOf(stopped), ["delete"]);
  assert.deepEqual(actionsOf({ ...stopped, kind: "service" }), ["start", "commit"]);
});

test("actions: without an agent nothing is asked of the guest; a stalled VM may be set going", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await launch(vms, { group: "sbox", request: aRequest({}), wait }, never);
  const facts = factsOf(vm);
  const silent = actionsOf({ ...facts, isReady: false });
  assert.deepEqual(silent, ["pause", "suspend", "shutdown", "delete"]);
  assert.ok(actionsOf({ ...facts, isStalled: true }).includes("resume"));
});

test("actions: what the driver cannot do is not offered", () => {
  const powers = { pausing: undefined, saving: undefined, layering: undefined, states: undefined };
  const facts = { kind: "persistent", isReady: true, isStalled: false, powers } as const;
  assert.equal(
    actionsOf({ ...facts, phase: "running" }).join(" "),
    "shutdown reboot delete exec shell files",
  );
  assert.deepEqual(actionsOf({ ...facts, phase: "suspended" }), ["shutdown", "delete"]);
});

test("actions: none is offered that the lifecycle table does not allow", () => {
  const inputs = new Map<VmAction, VmInput>([
    ["start", "start"],
    ["pause", "pause"],
    ["suspend", "suspend"],
    ["restore", "restore"],
    ["shutdown", "stop"],
  ]);
  const powers = { pausing: "can", saving: "can", layering: "can", states: "can" };
  const facts = { kind: "persistent", isReady: true, isStalled: false, powers } as const;
  for (const phase of VM_PHASES) {
    const offered = actionsOf({ ...facts, phase });
    for (const action of offered) {
      const input = inputs.get(action);
      if (input) assert.ok(nextPhase(phase, input), `${action} in ${phase}`);
    }
    const inOrder = VM_ACTIONS.filter((action) => offered.includes(action));
    assert.deepEqual(offered, inOrder);
  }
  assert.deepEqual(actionsOf({ ...facts, phase: "deleted", isReady: false }), []);
});
