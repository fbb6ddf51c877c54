import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import { DIES_AT_BOOT } from "#drivers/fake/fake-hypervisor.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { dialerWith, HeldBoots } from "#testing/troubles.ts";

import { launch, type LaunchWait } from "./launch.ts";
import type { VmRequest } from "./spec.ts";

const LONG_MS = 20_000;

function order(wait: LaunchWait | undefined, request: Partial<VmRequest> = {}) {
  return { group: "sbox", request: aRequest(request), wait };
}

test("launch: without a wait the VM is recorded, and its machine may not be there yet", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vms = await host.open({ hypervisor: held.hypervisor });
  const vm = await launch(vms, order(undefined), never);
  assert.deepEqual(vms.list(), [vm]);
  assert.equal(host.world.living().length, 0);
  held.release();
});

test("launch: a wait for the agent ends with a guest that answers", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await launch(vms, order({ until: "agent", timeoutMs: LONG_MS }), never);
  assert.equal(vm.phase, "running");
  const health = await vm.contact?.current?.health(never);
  assert.equal(health?.hostname, "sbox-1");
});

test("launch: a wait for userdata ends when the script has ended, even badly", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const userdata = "#!/bin/sh\nsleep 0.15; echo done > /tmp/done; exit 3";
  const wait = { until: "userdata", timeoutMs: LONG_MS } as const;
  const vm = await launch(vms, order(wait, { userdata }), never);
  const { guest } = host.boxOf(vm);
  assert.deepEqual(guest.userdata, { ran: true, exitCode: 3 });
  assert.equal(guest.files.find("/tmp/done")?.kind, "file");
});

test("launch: a script that reboots the guest is waited for over the reboot", async () => {
  await using host = await FakeHost.make();
  const healths = { asked: 0 };
  const dialer = dialerWith(host.dialer, (link) => ({
    health: async (signal) => {
      healths.asked += 1;
      if (healths.asked === 1) host.world.living()[0]?.guest.reboot();
      return link.health(signal);
    },
  }));
  const vms = await host.open({ dialer });
  const wait = { until: "userdata", timeoutMs: LONG_MS } as const;
  const vm = await launch(vms, order(wait, { userdata: "true" }), never);
  assert.equal(vm.phase, "running");
  assert.ok(healths.asked > 1);
});

test("launch: a VM that is not ready in time is gone before the caller is told", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const wait = { until: "userdata", timeoutMs: 50 } as const;
  const late = launch(vms, order(wait, { userdata: "sleep 60" }), never);
  await assert.rejects(
    late,
    isError("timed_out", /^sbox-1 was not ready \(userdata\) after 0.05 s/),
  );
  assert.deepEqual(vms.list(), []);
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("launch: a timeout while the machine still boots ends the boot", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vms = await host.open({ hypervisor: held.hypervisor });
  const late = launch(vms, order({ until: "agent", timeoutMs: 20 }), never);
  await assert.rejects(late, isError("timed_out", /not ready \(agent\)/));
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("launch: the last problem of an agent that was never ready is told", async () => {
  await using host = await FakeHost.make();
  const dialer = dialerWith(host.dialer, () => ({
    configure: async () => {
      throw new Error("the clock cannot be set");
    },
  }));
  const vms = await host.open({ dialer });
  const late = launch(vms, order({ until: "agent", timeoutMs: 100 }), never);
  await assert.rejects(late, isError("timed_out", /last problem was: the clock cannot be set$/));
});

test("launch: a machine that does not boot is told at once, with the reason, and is gone", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open({ images: deadlyImages });
  const failed = launch(vms, order({ until: "agent", timeoutMs: LONG_MS }), never);
  await assert.rejects(failed, isError("hypervisor_failed", /sbox-1 is failed: .*died at boot/));
  assert.deepEqual(await leftOf(host), { machines: 0, disks: [], records: [] });
});

test("launch: a guest that dies before its agent answers is told with its last words", async () => {
  await using host = await FakeHost.make();
  const dialer = {
    dial: async (_endpoint: string, signal: AbortSignal) => {
      const [box] = host.world.living();
      box?.end({ kind: "crash", lastWords: "Kernel panic - not syncing: no init" });
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      return promise;
    },
  };
  const vms = await host.open({ dialer });
  const failed = launch(vms, order({ until: "agent", timeoutMs: LONG_MS }), never);
  await assert.rejects(failed, isError("hypervisor_failed", /sbox-1 is failed: Kernel panic/));
  assert.deepEqual(vms.list(), []);
});

test("launch: a guest that dies while its userdata runs is told with its last words", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const wait = { until: "userdata", timeoutMs: LONG_MS } as const;
  const failed = launch(vms, order(wait, { userdata: "sleep 60" }), never);
  const told = assert.rejects(failed, isError("hypervisor_failed", /is failed: out of memory/));
  await eventually("the agent answers", () => vms.list()[0]?.contact?.current !== undefined);
  const [box] = host.world.living();
  box?.end({ kind: "crash", lastWords: "out of memory" });
  await told;
  assert.deepEqual(vms.list(), []);
});

test("launch: a guest whose userdata powers it off is stopped, not unreachable", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const wait = { until: "userdata", timeoutMs: LONG_MS } as const;
  const failed = launch(vms, order(wait, { userdata: "sleep 60", kind: "persistent" }), never);
  const told = assert.rejects(
    failed,
    isError("hypervisor_failed", /is stopped: The guest powered/),
  );
  await eventually("the agent answers", () => vms.list()[0]?.contact?.current !== undefined);
  host.world.living()[0]?.guest.powerOff();
  await told;
});

test("launch: a caller who leaves while waiting keeps the VM", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const caller = new AbortController();
  const wait = { until: "userdata", timeoutMs: LONG_MS } as const;
  const left = launch(vms, order(wait, { userdata: "sleep 60" }), caller.signal);
  await eventually("the VM runs", () => vms.list()[0]?.phase === "running");
  const reason = new Error("the caller left");
  caller.abort(reason);
  await assert.rejects(left, reason);
  assert.deepEqual(
    vms.list().map(({ phase }) => phase),
    ["running"],
  );
});

/** Images whose machines die while booting. */
const deadlyImages = {
  ...fakeImages,
  resolve: async (reference: string, signal: AbortSignal) => {
    const image = await fakeImages.resolve(reference, signal);
    return { ...image, kernel: { ...image.kernel, args: [DIES_AT_BOOT] } };
  },
};

async function leftOf(host: FakeHost): Promise<object> {
  const [machines, records] = [host.world.living().length, host.store.all()];
  return { machines, disks: await host.disks.list(), records };
}

function isError(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AlcoveError, String(error));
    assert.match(error.message, words);
    assert.equal(error.code, code);
    return true;
  };
}
