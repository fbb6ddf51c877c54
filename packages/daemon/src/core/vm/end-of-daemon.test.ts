import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { hypervisorWith } from "#testing/troubles.ts";

import { stopAll } from "./end-of-daemon.ts";
import { launch } from "./launch.ts";
import type { Vms } from "./vms.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

async function created(vms: Vms, kind: "sandbox" | "persistent") {
  return launch(vms, { group: "sbox", request: aRequest({ kind }), wait }, never);
}

function phasesOf(vms: Vms) {
  return vms.list().map(({ record, phase }) => [record.hostname, phase]);
}

test("end of the daemon: what runs is suspended, and runs on under the next one", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  const sandbox = await created(first, "sandbox");
  const paused = await created(first, "persistent");
  const stopped = await created(first, "persistent");
  const suspended = await created(first, "sandbox");
  await paused.pause(never);
  await stopped.stop(never);
  await suspended.suspend({ restoreAtStart: false }, never);
  const { bootId } = host.boxOf(sandbox).guest;

  await stopAll(first, "suspend");

  const asLeft = [
    ["sbox-1", "suspended"],
    ["sbox-2", "suspended"],
    ["sbox-3", "stopped"],
    ["sbox-4", "suspended"],
  ];
  assert.deepEqual(phasesOf(first), asLeft);
  assert.equal(host.world.living().length, 0);
  const second = await host.open();
  const again = second.get("sbox-1");
  await eventually("it runs again", () => again.phase === "running");
  assert.equal((await again.contact?.link(never))?.agent.bootId, bootId);
  assert.deepEqual(phasesOf(second), [["sbox-1", "running"], ...asLeft.slice(1)]);
  assert.deepEqual(host.log.troubles(), []);
});

test("end of the daemon: otherwise a suspended sandbox is deleted, and a persistent VM stays suspended", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const sandbox = await created(vms, "sandbox");
  const kept = await created(vms, "persistent");
  for (const vm of [sandbox, kept]) await vm.suspend({ restoreAtStart: false }, never);

  await stopAll(vms, "power off");

  assert.deepEqual(phasesOf(vms), [["sbox-2", "suspended"]]);
  assert.deepEqual(await readdir(`${host.directory}/vms`), [kept.record.id]);
  const second = await host.open();
  assert.deepEqual(phasesOf(second), [["sbox-2", "suspended"]]);
  await second.get("sbox-2").restore(never);
  assert.equal(second.get("sbox-2").phase, "running");
});

test("end of the daemon: what cannot be suspended ends as it would without", async () => {
  await using host = await FakeHost.make();
  const hypervisor = hypervisorWith(host.hypervisor, () => ({
    saving: {
      maxSizeBytes: () => 0,
      save: async () => {
        throw new Error("the disk is broken");
      },
    },
  }));
  const vms = await host.open({ hypervisor });
  await created(vms, "sandbox");
  await created(vms, "persistent");

  await stopAll(vms, "suspend");

  assert.deepEqual(phasesOf(vms), [["sbox-2", "stopped"]]);
  assert.deepEqual(host.log.troubles(), ["vm.suspend_failed", "vm.suspend_failed"]);
});

test("end of the daemon: states of earlier suspensions, and halves of states, are removed at start", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  const vm = await created(first, "persistent");
  await vm.suspend({ restoreAtStart: false }, never);
  const { id, state } = vm.record;
  for (const name of ["old", "half.part"]) await mkdir(host.disks.statePath(id, name));

  await host.open();

  const names = await readdir(`${host.directory}/vms/${id}`);
  const left = names.filter((name) => name.startsWith("state-"));
  assert.deepEqual(left, [`state-${state.saved?.name}`]);
});
