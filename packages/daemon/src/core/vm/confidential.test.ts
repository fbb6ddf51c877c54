/** VMs that stand still until their owner's secret is in: they run, and nobody takes their silence for a failure. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { formatKeys } from "#core/aleph/confidential/kept-keys.ts";
import { diskSecretOf } from "#core/aleph/confidential/secret-table.ts";
import { VmConfidentialMachines } from "#core/aleph/confidential/confidential-machines.ts";
import { hostLabelOf, parseItemHash } from "#core/aleph/item-hash.ts";
import type { ConfidentialPlan } from "#core/aleph/ports/confidential-backend.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { eventually } from "#testing/eventually.ts";
import { FakeHost, never } from "#testing/fake-host.ts";
import { GuestOwner } from "#testing/guest-owner.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import type { VmSupervisor } from "./supervisor.ts";

const HASH = "ef".repeat(32);
const OWNER = new GuestOwner();

function hostname(): string {
  const hash = parseItemHash(HASH);
  assert.ok(hash);
  return hostLabelOf(hash);
}

async function aPlan(directory: string): Promise<ConfidentialPlan> {
  const own = path.join(directory, "confidential");
  const [firmwarePath, keysPath] = [path.join(own, "firmware.fd"), path.join(own, "keys.json")];
  await mkdir(own, { recursive: true });
  await writeFile(firmwarePath, "firmware");
  await writeFile(keysPath, formatKeys(OWNER.keys));
  return { kind: "simulated", policy: 1, firmwarePath, keysPath, secretDiskBytes: 4096 };
}

interface Held {
  readonly vm: VmSupervisor;
  readonly machines: VmConfidentialMachines;
  /** the next daemon's, over the same machine */
  readonly next: () => { readonly vm: VmSupervisor; readonly machines: VmConfidentialMachines };
}

async function held(host: FakeHost): Promise<Held> {
  const plan = await aPlan(host.directory);
  const { policy, firmwarePath } = plan;
  const { planFor } = host.parts;
  const different: Parameters<FakeHost["supervise"]>[1] = {
    planFor: async (it, signal) => ({ ...(await planFor(it, signal)), confidential: plan }),
  };
  const record = aVmRecord({ hostname: hostname(), kind: "persistent" });
  const spec = { ...record.spec, confidential: { policy, firmwarePath, plan } };
  const vm = await host.supervise({ ...record, spec }, different);
  await vm.start(never);
  return {
    vm,
    machines: machinesOver(vm),
    next: () => {
      const again = host.superviseAgain(vm.record, different);
      return { vm: again, machines: machinesOver(again) };
    },
  };
}

function machinesOver(vm: VmSupervisor): VmConfidentialMachines {
  return new VmConfidentialMachines({
    find: (name) => (name === vm.record.hostname ? vm : undefined),
  });
}

async function guestAnswers(vm: VmSupervisor): Promise<void> {
  const link = await vm.contact?.link(AbortSignal.timeout(5000));
  assert.ok(link);
}

test("a confidential VM is running, and its guest stands still until the secret is in", async () => {
  await using host = await FakeHost.make();
  const { vm, machines } = await held(host);
  const box = host.boxOf(vm);
  assert.equal(vm.phase, "running");
  assert.equal(vm.stalled, undefined);
  assert.ok(box.guest.paused);

  const { launchMeasure } = await machines.measure(HASH, never);
  const status = await machines.inject(HASH, OWNER.seal("hunter2", launchMeasure), never);

  assert.deepEqual(status, { status: "running", singlestep: false, running: true });
  assert.ok(!box.guest.paused);
  assert.equal(diskSecretOf(box.confidential?.secret ?? Buffer.alloc(0)), "hunter2");
  assert.equal((await machines.measure(HASH, never)).info.state, "running");
  await guestAnswers(vm);
});

test("a daemon that comes back leaves a VM waiting that waits, and takes its secret", async () => {
  await using host = await FakeHost.make();
  const { vm, machines, next } = await held(host);
  const before = await machines.measure(HASH, never);
  await vm.abandon(never);

  const later = next();
  await later.vm.adopt(never);

  assert.equal(later.vm.phase, "running");
  assert.ok(host.boxOf(later.vm).guest.paused);
  assert.deepEqual(await later.machines.measure(HASH, never), before);
  await later.machines.inject(HASH, OWNER.seal("hunter2", before.launchMeasure), never);
  await guestAnswers(later.vm);
});

test("a packet that does not fit leaves the VM waiting", async () => {
  await using host = await FakeHost.make();
  const { vm, machines } = await held(host);
  const { launchMeasure } = await machines.measure(HASH, never);
  const wrong = new GuestOwner().seal("hunter2", launchMeasure);

  await assert.rejects(machines.inject(HASH, wrong, never), (it) => Refusal.is(it, "failed"));

  assert.ok(host.boxOf(vm).guest.paused);
  await machines.inject(HASH, OWNER.seal("hunter2", launchMeasure), never);
  await guestAnswers(vm);
});

test("of two secrets at once, one is taken", async () => {
  await using host = await FakeHost.make();
  const { machines } = await held(host);
  const { launchMeasure } = await machines.measure(HASH, never);
  const order = () => machines.inject(HASH, OWNER.seal("hunter2", launchMeasure), never);

  const both = await Promise.allSettled([order(), order()]);

  assert.deepEqual(both.map((it) => it.status).toSorted(), ["fulfilled", "rejected"]);
});

test("a VM that waits for its secret is stopped at once, and has nothing to measure then", async () => {
  await using host = await FakeHost.make();
  const { vm, machines } = await held(host);
  await vm.stop(never);
  await eventually("it has stopped", () => vm.phase === "stopped");

  for (const work of [
    () => machines.measure(HASH, never),
    () => machines.inject(HASH, { packetHeader: "", secret: "" }, never),
    () => machines.measure("ab".repeat(32), never),
    () => machines.measure("no hash", never),
  ]) {
    await assert.rejects(work, (error) => {
      return Refusal.is(error, "forbidden") && error.message === "Operation not running";
    });
  }
});
