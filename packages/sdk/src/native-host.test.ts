import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Group, HostMeters, HostState, VmMeters } from "@alcove/api";

import { withClient } from "./testing/with-host.ts";

const STATE: HostState = {
  version: "1.2.3",
  hostname: "host",
  hypervisor: "qemu",
  hypervisor_version: "QEMU emulator version 7.2.22",
  isolation: "hardware",
  accelerator: "kvm",
  accelerator_reason: "A probe guest ran under KVM.",
  kernel: "Linux 6.1",
  cpu_model: "A processor",
  node: "v24.0.0",
  started_at: "2026-01-02T03:04:05Z",
  vms: 1,
  cpus: { total: 2, promised: 1 },
  memory: { total: 8, promised: 4, used: 2 },
  disk: { total: 10, free: 5 },
  templates: { enabled: true, ready: 1, under_way: 0 },
  pools: { size: 0, waiting: 0, making: 0 },
  aleph: { on: false },
  warnings: [{ code: "no_token", message: "Turn it on." }],
};

const GROUP: Group = {
  name: "sbox",
  count: 0,
  vcpus: 2,
  memory_bytes: 1_024,
  image: "base",
  network: "user",
  ssh_keys: 0,
  pool: 0,
  use: { vms: 1, running: 1, vcpus: 2, memory_bytes: 2_048 },
  limits: {
    vcpus: 2,
    memory_min_bytes: 64,
    memory_bytes: 1_024,
    free: { vcpus: 6, memory_bytes: 4_096, disk_bytes: 8_192, vms: 9 },
  },
};

const COLUMNS = {
  at: [1_000],
  cpu: [null],
  memory_used: [1],
  memory_total: [2],
  disk_used: [3],
  disk_total: [4],
  net_in: [5],
  net_out: [6],
};
const HOST_METERS: HostMeters = { interval_ms: 5_000, samples: { ...COLUMNS, load: [0.5] } };
const VM_METERS: VmMeters = {
  interval_ms: 5_000,
  samples: { ...COLUMNS, disk_read: [7], disk_write: [8] },
};

describe("the host itself", { timeout: 60_000 }, () => {
  test("what it is and what its groups allow, as a TypeScript program reads it", async () => {
    await withClient({}, async (client, { native }) => {
      native.told.set("/v1/host", STATE);
      native.told.set("/v1/groups", [GROUP]);
      const { startedAt, templates, warnings } = await client.host.state();
      assert.deepEqual(
        [startedAt, templates.underWay, warnings[0]?.code],
        ["2026-01-02T03:04:05Z", 0, "no_token"],
      );
      const [group] = await client.host.groups();
      assert.deepEqual(
        [group?.sshKeys, group?.limits.memoryMinBytes, group?.limits.free.diskBytes],
        [0, 64, 8_192],
      );
    });
  });

  test("meters of the host and of a VM, all or what came since", async () => {
    await withClient({}, async (client, host) => {
      host.native.told.set("/v1/host/meters", HOST_METERS);
      host.native.told.set("/v1/vms/vm-1/meters", VM_METERS);
      const { samples } = await client.host.meters();
      assert.deepEqual([samples.memoryTotal, samples.load, samples.cpu], [[2], [0.5], [null]]);
      assert.equal(host.seen.at(-1)?.query.has("after"), false);
      const ofVm = await client.vms.attach("sbox", "vm-1").meters({ after: 999 });
      assert.deepEqual([ofVm.intervalMs, ofVm.samples.diskWrite], [5_000, [8]]);
      assert.equal(host.seen.at(-1)?.query.get("after"), "999");
    });
  });

  test("an answer that is none is refused", async () => {
    await withClient({}, async (client, { native }) => {
      native.told.set("/v1/host", { version: "1.2.3" });
      await assert.rejects(client.host.state(), /not a valid state of a host/);
    });
  });
});
