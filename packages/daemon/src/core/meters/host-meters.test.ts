import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { HostMeters, type HostMetersDeps, type HostSample } from "./host-meters.ts";

/** Each reading: a quarter of the time busy, 1,000 bytes received. */
function deps(log: RememberingLog, read?: () => void): HostMetersDeps {
  const count = { read: 0 };
  return {
    log,
    counters: {
      async processors() {
        read?.();
        count.read += 1;
        return { busyMs: 10 * count.read, idleMs: 30 * count.read };
      },
      process: async () => undefined,
    },
    hostMeter: {
      read: async () => ({
        loadAverages: [1.5, 0, 0],
        openFiles: 0,
        openConnections: 0,
        egress: { adapter: "eth0", sentBytes: 0, receivedBytes: count.read * 1_000 },
      }),
    },
    hostFacts: {
      cpuCount: () => 1,
      memory: async () => ({ totalBytes: 100, availableBytes: 40 }),
      disk: async () => ({ totalBytes: 10, freeBytes: 3 }),
    },
  };
}

test("host meters: rates and shares follow from two readings, the rest from one", async () => {
  using meters = new HostMeters(10, 10, deps(new RememberingLog()));
  await eventually("two samples", () => meters.after(0).at.length >= 2);
  const { cpu, memoryUsed, diskUsed, netIn, load } = meters.last ?? {};
  assert.deepEqual([cpu, memoryUsed, diskUsed, load], [0.25, 60, 7, 1.5]);
  assert.ok(netIn !== undefined && netIn > 0);
  assert.equal(meters.after(0).column("cpu")[0], undefined);
});

test("host meters: whoever listens hears of each sample, and of none afterwards", async () => {
  using meters = new HostMeters(5, 10, deps(new RememberingLog()));
  const heard: HostSample[] = [];
  const listening = meters.onSample((sample) => heard.push(sample));
  await eventually("two", () => heard.length >= 2);
  listening[Symbol.dispose]();
  const { length } = heard;
  const last = meters.last?.at ?? 0;
  await eventually("more samples", () => meters.after(last).at.length >= 2);
  assert.equal(heard.length, length);
});

test("host meters: a host that cannot be read is told of once, and tried again", async () => {
  const log = new RememberingLog();
  const state = { fails: 3 };
  const read = () => {
    state.fails -= 1;
    if (state.fails >= 0) throw new Error("no such file");
  };
  using meters = new HostMeters(5, 10, deps(log, read));
  await eventually("a sample", () => meters.last !== undefined);
  assert.deepEqual(log.troubles(), ["meters.host_unreadable"]);
});
