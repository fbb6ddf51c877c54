import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { HostEvents, type HostSample } from "../events/host-events.ts";
import { type HostColumn, HostMeters, type HostMetersDeps } from "./host-meters.ts";

/** Each reading: a quarter of the time busy, 1,000 bytes received. */
function deps(log: RememberingLog, read?: () => void): HostMetersDeps {
  const count = { read: 0 };
  return {
    log,
    events: new HostEvents(),
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
  const samples = meters.after(0);
  const of = (name: HostColumn) => samples.column(name).slice(0, 2);
  assert.deepEqual(
    [of("cpu"), of("memoryUsed"), of("diskUsed"), of("load")],
    [
      [undefined, 0.25],
      [60, 60],
      [7, 7],
      [1.5, 1.5],
    ],
  );
  assert.ok((samples.column("netIn")[1] ?? 0) > 0);
});

test("host meters: each sample is announced", async () => {
  const events = new HostEvents();
  const heard: HostSample[] = [];
  using _listening = events.onSample((sample) => heard.push(sample));
  using meters = new HostMeters(5, 10, { ...deps(new RememberingLog()), events });
  await eventually("two", () => heard.length >= 2);
  const [first, second] = heard;
  assert.deepEqual([first?.cpu, second?.cpu, second?.memoryTotal], [null, 0.25, 100]);
  assert.equal(meters.after(0).at[0], first?.at.getTime());
});

test("host meters: a host that cannot be read is told of once, and tried again", async () => {
  const log = new RememberingLog();
  const state = { fails: 3 };
  const read = () => {
    state.fails -= 1;
    if (state.fails >= 0) throw new Error("no such file");
  };
  using meters = new HostMeters(5, 10, deps(log, read));
  await eventually("a sample", () => meters.after(0).at.length > 0);
  assert.deepEqual(log.troubles(), ["meters.host_unreadable"]);
});
