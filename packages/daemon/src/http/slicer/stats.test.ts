import assert from "node:assert/strict";
import { test } from "node:test";

import { SlicerApi } from "#testing/slicer-api.ts";
import {
  assertStrict,
  count,
  decimal,
  exactly,
  filled,
  flag,
  list,
  matching,
  shape,
  text,
  time,
} from "#testing/strict-json.ts";

const NODE = {
  hostname: filled,
  hostgroup: exactly("sbox"),
  ip: filled,
  ram_bytes: count,
  cpus: count,
  created_at: time,
  arch: exactly("x86_64"),
  tags: list(text),
  persistent: flag,
};

const SNAPSHOT = shape({
  hostname: exactly("sbox-1"),
  arch: filled,
  timestamp: time,
  uptime: matching(/^(\d+h)?(\d+m)?\d+(\.\d+)?s$/),
  totalCpus: exactly(2),
  totalMemory: exactly(1024 ** 3),
  memoryUsed: count,
  memoryAvailable: count,
  memoryUsedPercent: decimal,
  loadAvg1: decimal,
  loadAvg5: decimal,
  loadAvg15: decimal,
  diskReadTotal: decimal,
  diskWriteTotal: decimal,
  diskIOInflight: count,
  diskSpaceTotal: count,
  diskSpaceUsed: count,
  diskSpaceFree: count,
  diskSpaceUsedPercent: decimal,
  networkReadTotal: decimal,
  networkWriteTotal: decimal,
  openConnections: count,
  openFiles: count,
  entropy: count,
});

const METERED = shape({
  ...NODE,
  status: exactly("Running"),
  phase: exactly("running"),
  snapshot: SNAPSHOT,
  error: exactly(""),
});

const GO = { "accept-encoding": "gzip" };

test("slicer stats: one VM is an object with all that its meter reads", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  const { status, text: body } = await api.call("GET /node/sbox-1/stats");
  assert.equal(status, 200);
  assertStrict(body, METERED);
});

test("slicer stats: the list keeps VMs that cannot be read, and says why", async () => {
  await using api = await SlicerApi.make();
  assert.equal((await api.call("GET /nodes/stats")).text, "[]");
  await api.vm();
  await api.vm();
  await api.call("POST /vm/sbox-2/pause");
  const { status, text: body } = await api.call("GET /nodes/stats");
  assert.equal(status, 200);
  const [first, second] = JSON.parse(body);
  assertStrict(JSON.stringify(first), METERED);
  assert.deepEqual(
    [second.hostname, second.status, second.snapshot, second.error],
    ["sbox-2", "Paused", null, "sbox-2 is paused"],
  );
});

test("slicer stats: Go's SDK gets the list of one that it expects, unless that is off", async () => {
  await using api = await SlicerApi.make();
  await api.vm();
  const line = "GET /node/sbox-1/stats";
  assertStrict((await api.call(line, { headers: GO })).text, list(METERED));
  assertStrict((await api.call(line, { headers: { ...GO, accept: "*/*" } })).text, METERED);
  const both = { "accept-encoding": "gzip, deflate" };
  assertStrict((await api.call(line, { headers: both })).text, METERED);
  await using plain = await SlicerApi.make({ goStats: "off" });
  await plain.vm();
  assertStrict((await plain.call(line, { headers: GO })).text, METERED);
});

test("slicer stats: a VM that does not exist is 404", async () => {
  await using api = await SlicerApi.make();
  assert.equal((await api.call("GET /node/sbox-9/stats")).status, 404);
});
