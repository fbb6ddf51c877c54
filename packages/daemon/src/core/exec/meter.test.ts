import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeHost, aRequest, never } from "#testing/fake-host.ts";

import { launch } from "../vm/launch.ts";
import { METER_PATIENCE_MS, readMeters } from "./meter.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

test("meters: every VM has a reading, in order; one that does not run has the reason", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const order = { group: "sbox", request: aRequest({}), wait };
  const runs = await launch(vms, order, never);
  const paused = await launch(vms, order, never);
  await paused.pause(never);
  const [first, second] = await readMeters([paused, runs], never);
  assert.equal(first?.vm, paused);
  assert.deepEqual(first.result, { problem: "sbox-2 is paused" });
  assert.ok(second && "totalCpus" in second.result);
  assert.equal(second.result.hostname, "sbox-1");
  assert.equal(second.result.totalCpus, 2);
});

test("meters: guests that hang are waited for together, and briefly", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const order = { group: "sbox", request: aRequest({}), wait };
  const hung = [await launch(vms, order, never), await launch(vms, order, never)];
  for (const vm of hung) host.boxOf(vm).guest.pause(); // behind the daemon's back
  const runs = await launch(vms, order, never);
  const begun = performance.now();
  const readings = await readMeters([...hung, runs], never);
  assert.ok(performance.now() - begun < METER_PATIENCE_MS + 1_000);
  assert.deepEqual(
    readings.map(({ result }) => "problem" in result && /did not answer/.test(result.problem)),
    [true, true, false],
  );
});

test("meters: a caller who leaves gets his own reason back", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await launch(vms, { group: "sbox", request: aRequest({}), wait }, never);
  host.boxOf(vm).guest.pause();
  const left = new AbortController();
  const reading = readMeters([vm], left.signal);
  left.abort(new Error("went home"));
  await assert.rejects(reading, /went home/);
});
