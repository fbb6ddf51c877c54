import assert from "node:assert/strict";
import { test } from "node:test";

import { launch } from "#core/vm/launch.ts";
import { becomesReady } from "#core/vm/readiness.ts";
import { relaunch } from "#core/vm/relaunch.ts";
import { restore } from "#core/vm/restore.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { type OpenedHost, TemplateHost } from "#testing/template-host.ts";

import { START_STEPS, StartTrace } from "./start-trace.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

function create({ vms }: Pick<OpenedHost, "vms">, kind: "sandbox" | "persistent" = "sandbox") {
  return launch(vms, { group: "sbox", request: aRequest({ kind }), wait }, never);
}

function stepsOf(vm: VmSupervisor): readonly string[] {
  return (vm.lastStart?.steps ?? []).map(({ name }) => name);
}

const ASKED = ["template", "admit", "disk", "record", "network"];

test("start trace: a VM that boots has every step from the request to its agent's word", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const heard: StartTrace[] = [];
  using _listening = vms.news.ready.listen((start) => heard.push(start));
  const vm = await create({ vms });
  const steps = stepsOf(vm);
  assert.deepEqual(steps.slice(0, ASKED.length), ASKED);
  // What the daemon writes down and what the guest does meanwhile end in either order.
  const last = ["boot", "configure", "machine", "prepare", "running"];
  assert.deepEqual(steps.slice(ASKED.length).toSorted(), last);
  assert.deepEqual([vm.lastStart?.how, vm.lastStart?.isReady], ["boot", true]);
  assert.deepEqual(heard, [vm.lastStart]);
});

test("start trace: a VM from a template has a fork's steps", async () => {
  await using it = await TemplateHost.make();
  await using opened = await it.open();
  await create(opened);
  await it.built(opened);
  const vm = await create(opened);
  assert.equal(vm.lastStart?.how, "template");
  const steps = stepsOf(vm);
  for (const name of ["resume", "connect", "reidentify", "prepare", "configure"])
    assert.ok(steps.includes(name), `${name} in ${steps.join()}`);
  assert.ok(!steps.includes("boot"));
  const known: readonly string[] = START_STEPS;
  assert.deepEqual(
    [...new Set(steps)].filter((name) => known.includes(name)),
    steps,
  );
});

test("start trace: each later start has its own, and how it began", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await create({ vms }, "persistent");
  const first = vm.lastStart;
  await vm.suspend({ restoreAtStart: false }, never);
  await restore(vms, vm, 5_000, never);
  const second = vm.lastStart;
  assert.deepEqual([second?.how, stepsOf(vm).includes("connect")], ["restore", true]);
  await vm.stop(never);
  await relaunch(vms, vm, never);
  await becomesReady(vms, vm, "agent", never);
  assert.deepEqual([vm.lastStart?.how, stepsOf(vm).includes("boot")], ["boot", true]);
  assert.equal(new Set([first, second, vm.lastStart]).size, 3);
});

test("start trace: a session that comes after the start adds nothing to it", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await create({ vms });
  const before = { steps: [...(vm.lastStart?.steps ?? [])], of: vm.contact?.current };
  await vm.reboot(never);
  await eventually("it answers again", () => {
    const { contact } = vm;
    return contact?.current !== undefined && contact.current !== before.of;
  });
  assert.deepEqual(vm.lastStart?.steps, before.steps);
});

test("start trace: what an earlier daemon began is not known to the next", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  const { hostname } = (await create({ vms: first })).record;
  await first.abandonAll();
  const vms = await host.open();
  assert.equal(vms.get(hostname).lastStart, undefined);
});

test("start trace: the driver's parts stand for themselves, and the rest is the machine's", async () => {
  const trace = new StartTrace();
  trace.took("admit");
  const parts = [
    { name: "spawn", ms: 0 },
    { name: "load", ms: 0 },
  ] as const;
  trace.tookMachine("template", parts);
  assert.deepEqual(
    trace.steps.map(({ name }) => name),
    ["admit", "spawn", "load", "machine"],
  );
  const sum = trace.steps.reduce((all, { ms }) => all + ms, 0);
  assert.equal(trace.totalMs, sum);
  assert.ok(trace.steps.every(({ ms }) => ms >= 0));
});
