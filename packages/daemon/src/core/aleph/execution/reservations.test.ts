import assert from "node:assert/strict";
import { test } from "node:test";

import { ExecutionStage } from "#testing/aleph-executions.ts";
import { hashOf, instanceContent, OWNER, STRANGER } from "#testing/aleph-source.ts";
import { never } from "#testing/fake-host.ts";

import type { Caller } from "../caller.ts";
import { readInstance } from "../message/parse.ts";
import { Refusal } from "../refusal.ts";
import { MAX_RESERVATIONS } from "./reservations.ts";

const VM = hashOf("1");
const owner: Caller = { kind: "wallet", address: OWNER };
const stranger: Caller = { kind: "wallet", address: STRANGER };

const NO_ROOM = {
  kind: "unavailable",
  message: "This CRN cannot reserve the requested resources at this time.",
};

/** 10 of the 16 processors that there are to promise */
const BIG = { resources: { vcpus: 10, memory: 256, seconds: 30 } };
const big = readInstance(instanceContent(BIG));

const CARD = {
  vendor: "NVIDIA",
  deviceName: "RTX 4000",
  deviceClass: "0300",
  pciHost: "01:00.0",
  deviceId: "10de:27b0",
} as const;

function withGpus(count: number): Readonly<Record<string, unknown>> {
  const { vendor, deviceName: device_name, deviceClass: device_class, deviceId: device_id } = CARD;
  const gpu = Array.from({ length: count }, () => ({
    vendor,
    device_name,
    device_class,
    device_id,
  }));
  return { requirements: { node: { node_hash: hashOf("e") }, gpu } };
}

const withGpu = (count: number) => readInstance(instanceContent(withGpus(count)));

test("reservations: room is kept for a minute, from everybody else", async () => {
  await using stage = new ExecutionStage();
  const executions = stage.open();
  const asked = stage.clock.now().getTime();

  const { expires } = await executions.reserve(big, owner, never);

  assert.ok(Math.abs(expires.getTime() - asked - 60_000) < 100);
  await assert.rejects(executions.reserve(big, stranger, never), NO_ROOM);
  await executions.reserve(big, owner, never); // one's own never stands in one's way
  stage.source.publish(VM, { ...BIG, address: STRANGER });
  const { errors } = await executions.allocate({ persistentVms: [], instances: [VM] }, never);
  assert.match(errors[VM] ?? "", /^InsufficientResourcesError\('Insufficient vcpus/);

  stage.clock.pass(60_000);
  await executions.reserve(big, stranger, never);
});

test("reservations: a VM of the same owner takes the place of what was kept for it", async () => {
  await using stage = new ExecutionStage();
  const executions = stage.open();
  const small = readInstance(instanceContent());
  await executions.reserve(big, owner, never);
  stage.source.publish(VM, { ...BIG, time: 1_748_779_999 });
  await executions.ensureRunning(VM, never);

  await executions.reserve(small, stranger, never);
  await executions.stop(VM, never);
  await executions.reserve(big, stranger, never);
});

const sized = (size_mib: number, memory: number) =>
  readInstance(
    instanceContent({
      resources: { vcpus: 1, memory, seconds: 30 },
      rootfs: { ...instanceContent().rootfs, size_mib },
    }),
  );

test("reservations: disk and memory are counted as processors are", async () => {
  await using stage = new ExecutionStage();
  const executions = stage.open();
  await executions.reserve(sized(60 * 1024, 30 * 1024), owner, never);
  await assert.rejects(executions.reserve(sized(60 * 1024, 128), stranger, never), NO_ROOM);
  await assert.rejects(executions.reserve(sized(1024, 30 * 1024), stranger, never), NO_ROOM);
  await executions.reserve(sized(30 * 1024, 20 * 1024), stranger, never);
});

test("reservations: a GPU is one user's; all of them or none", async () => {
  await using stage = new ExecutionStage();
  stage.gpus.push(CARD);
  const executions = stage.open();

  const first = await executions.reserve(withGpu(1), owner, never);
  stage.clock.pass(30_000);
  const renewed = await executions.reserve(withGpu(1), owner, never);
  assert.ok(renewed.expires > first.expires);
  assert.deepEqual([...executions.gpusInUse()], [CARD.pciHost]);

  const reason =
    "Failed to find available GPU matching spec vendor='NVIDIA' device_name='RTX 4000' device_class=<GpuDeviceClass.VGA_COMPATIBLE_CONTROLLER: '0300'> device_id='10de:27b0'";
  const refused = (error: unknown) => {
    assert.ok(Refusal.is(error, "bad request"));
    const body = { status: "error", error: "Failed to reserves all resources", reason };
    assert.deepEqual(error.body, body);
    return true;
  };
  await assert.rejects(executions.reserve(withGpu(1), stranger, never), refused);
  await assert.rejects(executions.reserve(withGpu(2), owner, never), refused);

  stage.source.publish(VM, withGpus(1));
  await executions.ensureRunning(VM, never);
  const passed = stage.room.machines.get(VM)?.order.gpus;
  assert.deepEqual(
    passed?.map(({ address }) => address),
    [CARD.pciHost],
  );
  await assert.rejects(executions.reserve(withGpu(1), owner, never), refused);
});

test("reservations: a thousand wallets do not fill the daemon's memory", async () => {
  await using stage = new ExecutionStage();
  Object.assign(stage, { cpus: 100_000, memoryGiB: 100_000_000, diskFreeBytes: 1e18 });
  const executions = stage.open();
  const content = readInstance(instanceContent());
  for (let n = 0; n < MAX_RESERVATIONS; n += 1) {
    await executions.reserve(content, { kind: "wallet", address: `0x${n}` }, never);
  }
  await assert.rejects(executions.reserve(content, stranger, never), NO_ROOM);
});
