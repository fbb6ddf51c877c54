import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";

import { newVmId } from "#core/ids.ts";
import type { BootPlan } from "#core/ports/machine.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { stopAll } from "./end-of-daemon.ts";
import type { VmPhase } from "./lifecycle.ts";
import type { VmKind } from "./vm.ts";

/** What a new daemon makes of a VM that has no machine any more; "gone" is deleted. */
const RECOVERIES: readonly (readonly [VmKind, stored: VmPhase, VmPhase | "gone"])[] = [
  ["sandbox", "created", "running"],
  ["persistent", "created", "running"],
  ["sandbox", "starting", "failed"],
  ["sandbox", "running", "failed"],
  ["sandbox", "paused", "failed"],
  ["sandbox", "stopping", "gone"],
  ["persistent", "stopping", "stopped"],
  ["sandbox", "stopped", "gone"],
  ["persistent", "stopped", "stopped"],
  ["service", "stopped", "stopped"],
  ["sandbox", "failed", "failed"],
  ["persistent", "failed", "failed"],
  ["sandbox", "deleted", "gone"],
  ["persistent", "deleted", "gone"],
];

for (const [kind, stored, after] of RECOVERIES) {
  test(`restart: a ${kind} VM that was ${stored} when the host went down is ${after}`, async () => {
    await using host = await FakeHost.make();
    const since = new Date(1_000);
    const state = { phase: stored, since, reason: undefined, machine: undefined, saved: undefined };
    const record = aVmRecord({ kind, state });
    const { rootfs } = await fakeImages.resolve("base", never);
    await host.disks.create(
      record.id,
      { image: rootfs, layer: undefined },
      rootfs.virtualSizeBytes,
    );
    host.store.insert(record);
    const vms = await host.open();
    const phases = () => vms.list().map(({ phase }) => phase);
    await eventually("it is so", () => (phases()[0] ?? "gone") === after);
    const disks = after === "gone" ? [] : [record.id];
    await eventually("the store says so too", () => host.store.all().length === disks.length);
    assert.deepEqual(await host.disks.list(), disks);
  });
}

test("restart: machines run on under a new daemon, oldest first as before", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  for (const kind of ["sandbox", "persistent", "sandbox"] as const) {
    const vm = await first.create("sbox", aRequest({ kind }), never);
    await eventually("the VM runs", () => vm.phase === "running");
  }
  const pids = host.world.living().map(({ pid }) => pid);
  await first.abandonAll();
  const second = await host.open();
  assert.deepEqual(
    second.list().map(({ record, phase }) => [record.hostname, phase]),
    [
      ["sbox-1", "running"],
      ["sbox-2", "running"],
      ["sbox-3", "running"],
    ],
  );
  assert.deepEqual(
    host.world.living().map(({ pid }) => pid),
    pids,
  );
  await second.get("sbox-2").contact?.link(never);
});

test("restart: numbers and places that are in use stay so", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  await first.create("sbox", aRequest({ kind: "persistent" }), never);
  await stopAll(first, "power off");
  const second = await host.open();
  const { record } = await second.create("sbox", aRequest({}), never);
  assert.equal(record.hostname, "sbox-2");
  assert.equal(record.networkSlot, 1);
});

test("restart: what belongs to no VM is removed, and said in the log", async () => {
  await using host = await FakeHost.make();
  const kept = aVmRecord({ kind: "persistent", state: stopped() });
  const [machine, files] = [newVmId(), newVmId()];
  const { rootfs } = await fakeImages.resolve("base", never);
  for (const id of [kept.id, files]) {
    await host.disks.create(id, { image: rootfs, layer: undefined }, rootfs.virtualSizeBytes);
  }
  host.store.insert(kept);
  host.world.add(planOf(host, machine));
  await mkdir(`${host.runRoot}/${machine}`, { recursive: true });
  await host.open();
  assert.equal(host.world.living().length, 0);
  assert.deepEqual(await host.disks.list(), [kept.id]);
  const removed = host.log.lines.filter(({ event }) => event === "host.leftover_removed");
  assert.deepEqual(
    removed.map((line) => line["removed"]),
    [`fake machine of VM ${machine}`, `run directory of VM ${machine}`, `files of VM ${files}`],
  );
});

test("restart: a daemon that cannot finish its start costs no VM", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  for (let count = 0; count < 12; count += 1) {
    const vm = await first.create("sbox", aRequest({}), never);
    await eventually("the VM runs", () => vm.phase === "running");
  }
  await first.abandonAll();
  const { hypervisor, dialer, world } = host;
  const dials = { open: 0 };
  const opening = host.open({
    hypervisor: {
      name: hypervisor.name,
      isolation: hypervisor.isolation,
      guestReboot: hypervisor.guestReboot,
      boot: (plan, signal) => hypervisor.boot(plan, signal),
      adopt: (where, handle, signal) => hypervisor.adopt(where, handle, signal),
      sweep: async () => {
        throw new Error("cannot look at the processes");
      },
    },
    dialer: {
      dial: async (endpoint, signal) => {
        const link = await dialer.dial(endpoint, signal);
        dials.open += 1;
        void link.closed.then(() => (dials.open -= 1));
        return link;
      },
    },
  });
  await assert.rejects(opening, /cannot look at the processes/);
  await eventually("no session is left", () => dials.open === 0);
  assert.equal(world.living().length, 12);
  const again = await host.open();
  assert.ok(again.list().every(({ phase }) => phase === "running"));
});

test("restart: a VM that cannot be taken over is shown with the reason, and leaves nothing running", async () => {
  await using host = await FakeHost.make();
  const first = await host.open();
  for (let count = 0; count < 3; count += 1) {
    const vm = await first.create("sbox", aRequest({}), never);
    await eventually("the VM runs", () => vm.phase === "running");
  }
  const lost = first.get("sbox-2").record.id;
  await first.abandonAll();
  const { hypervisor, world } = host;
  const again = await host.open({
    hypervisor: {
      name: hypervisor.name,
      isolation: hypervisor.isolation,
      guestReboot: hypervisor.guestReboot,
      boot: (plan, signal) => hypervisor.boot(plan, signal),
      sweep: (root, known, signal) => hypervisor.sweep(root, known, signal),
      adopt: async (where, handle, signal) => {
        if (where.vmId === lost) throw new Error("QEMU runs but does not answer");
        return hypervisor.adopt(where, handle, signal);
      },
    },
  });
  const { phase, reason } = again.get("sbox-2").record.state;
  assert.equal(phase, "failed");
  assert.match(reason ?? "", /could not take the VM over: QEMU runs but does not answer/);
  assert.equal(world.find(lost), undefined);
  assert.deepEqual([again.get("sbox-1").phase, again.get("sbox-3").phase], ["running", "running"]);
});

function stopped() {
  const since = new Date(1_000);
  return {
    phase: "stopped",
    since,
    reason: undefined,
    machine: undefined,
    saved: undefined,
  } as const;
}

function planOf(host: FakeHost, vmId: string): BootPlan {
  return {
    vmId,
    vcpus: 1,
    memoryMiB: 128,
    kernel: { path: "/none", initramfsPath: undefined, args: [] },
    disks: [],
    network: { mode: "none" },
    runDir: `${host.runRoot}/${vmId}`,
    consoleLogPath: `${host.directory}/console.log`,
  };
}
