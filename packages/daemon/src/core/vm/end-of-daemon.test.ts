import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { test } from "node:test";

import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { roomyFacts } from "#testing/roomy-facts.ts";
import { hypervisorWith } from "#testing/troubles.ts";

import { stopAll } from "./end-of-daemon.ts";
import { launch } from "./launch.ts";
import type { Vms } from "./vms.ts";
import { wakeAll } from "./waking.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

const noMemory = async () => ({ totalBytes: 0, availableBytes: 0 });

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
  assert.deepEqual(phasesOf(second), asLeft);
  await wakeAll(second, AbortSignal.abort());
  assert.deepEqual(phasesOf(second), asLeft);
  await wakeAll(second, never);
  const again = second.get("sbox-1");
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

test("end of the daemon: what cannot be restored at start stays suspended for the next one", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  await created(first, "sandbox");
  await stopAll(first, "suspend");
  const full = await host.open({ hostFacts: { ...roomyFacts, memory: noMemory } });

  await wakeAll(full, never);

  assert.deepEqual(phasesOf(full), [["sbox-1", "suspended"]]);
  assert.deepEqual(host.log.troubles(), ["vm.restore_failed"]);
  const roomy = await host.open();
  await wakeAll(roomy, never);
  assert.deepEqual(phasesOf(roomy), [["sbox-1", "running"]]);
});
