import assert from "node:assert/strict";
import { test } from "node:test";

import { alephSettings } from "#testing/aleph-settings.ts";

import type { CpuFacts, HostGpu, NodeHardware } from "../ports/node-hardware.ts";
import { NodeReport } from "./node-report.ts";

const CPU: CpuFacts = {
  architecture: "x86_64",
  vendor: "AuthenticAMD",
  model: "AMD EPYC 7763 64-Core Processor",
  features: ["sev"],
  frequencyHz: 2_000_000_000,
  count: 8,
};

const GPUS: readonly HostGpu[] = ["01:00.0", "02:00.0"].map((pciHost) => ({
  vendor: "NVIDIA",
  deviceName: "AD104GL [RTX 4000 SFF Ada Generation]",
  deviceClass: "0300",
  pciHost,
  deviceId: "10de:27b0",
}));

const HARDWARE: NodeHardware = {
  cpu: async () => CPU,
  load: () => [0.5, 0.25, 0.125],
  frequencies: async () => ({ minMHz: 1500, maxMHz: 2000 }),
  memory: async () => ({ totalBytes: 10_001, availableBytes: 5999 }),
  memoryModules: async () => ({ type: "DDR4", clockHz: 3_200_000_000 }),
  disk: async () => ({ totalBytes: 1_000_000, freeBytes: 900_000 }),
  gpus: async () => GPUS,
};

test("node report: usage counts as the network does, and says which GPUs are left", async () => {
  const usage = await aReport({ ALEPH_VM_ENABLE_GPU_SUPPORT: "true" }).usage();
  assert.deepEqual(usage.memory, { totalKb: 11, availableKb: 5 });
  assert.deepEqual(usage.disk, { totalKb: 1000, availableKb: 700 });
  assert.equal(usage.periodStart.toISOString(), "2026-11-22T03:57:00.000Z");
  assert.deepEqual(
    [usage.gpus, usage.availableGpus].map((gpus) => gpus.map(({ pciHost }) => pciHost)),
    [["01:00.0", "02:00.0"], ["02:00.0"]],
  );
});

test("node report: a node that passes through no GPU has none", async () => {
  assert.deepEqual((await aReport({}).usage()).gpus, []);
});

test("node report: what it can do is read once", async () => {
  const report = aReport({});
  assert.equal(await report.capability(), await report.capability());
  assert.deepEqual((await report.capability()).memory, {
    sizeBytes: 10_001,
    type: "DDR4",
    clockHz: 3_200_000_000,
  });
});

test("node report: how it is set up has the API's keys, and says that a simulation is one", () => {
  const simulated = {
    ALEPH_VM_ENABLE_CONFIDENTIAL_COMPUTING: "true",
    ALEPH_VM_CONFIDENTIAL_BACKEND: "simulated",
  };
  const config = aReport(simulated).statusConfig();
  assert.deepEqual(Object.keys(config), [
    "DOMAIN_NAME",
    "node_hash",
    "version",
    "references",
    "security",
    "networking",
    "debug",
    "payment",
    "computing",
  ]);
  assert.deepEqual(config["computing"], {
    ENABLE_QEMU_SUPPORT: true,
    INSTANCE_DEFAULT_HYPERVISOR: "qemu",
    ENABLE_CONFIDENTIAL_COMPUTING: true,
    CONFIDENTIAL_COMPUTING_IS_SIMULATED: true,
    ENABLE_GPU_SUPPORT: false,
  });
});

function aReport(env: Readonly<Record<string, string>>): NodeReport {
  return new NodeReport({
    hardware: HARDWARE,
    settings: alephSettings(env),
    version: "1.13.0",
    clock: { now: () => new Date("2026-11-22T03:57:42Z") },
    freeDiskBytes: async () => 700_000,
    gpusInUse: () => new Set(["01:00.0"]),
  });
}
