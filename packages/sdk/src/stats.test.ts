import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveProtocolError } from "./errors.ts";
import { openHostApi } from "./node/open-host.ts";
import { rawServer } from "./testing/with-host.ts";

const never = new AbortController().signal;

const NODE = {
  hostname: "vm-1",
  hostgroup: "sbox",
  ip: "10.0.0.9",
  ram_bytes: 1024,
  cpus: 1,
  created_at: "2026-01-02T03:04:05.678Z",
};

const SNAPSHOT = {
  hostname: "vm-1",
  arch: "x86_64",
  timestamp: "2026-01-02T03:04:05.678Z",
  uptime: "6m53s",
  totalCpus: 1,
  totalMemory: 1024,
  memoryUsed: 24,
  memoryAvailable: 1000,
  memoryUsedPercent: 2.4,
  loadAvg1: 0.1,
  loadAvg5: 0,
  loadAvg15: 0,
  diskSpaceTotal: 4096,
  diskSpaceUsed: 1024,
};

/** answers by path */
async function serving(answers: Readonly<Record<string, unknown>>) {
  return rawServer((request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answers[request.url ?? ""] ?? null));
  });
}

test("stats: of all VMs and of one; a guest that could not be read has none", async () => {
  const read = { ...NODE, snapshot: SNAPSHOT, error: "" };
  const unread = { ...NODE, hostname: "vm-2", snapshot: null, error: "vm-2 is paused" };
  await using host = await serving({
    "/nodes/stats": [read, unread],
    "/node/vm-1/stats": read,
    "/node/vm-3/stats": { ...NODE, snapshot: { hostname: "vm-3" } },
  });
  using client = openHostApi({ baseURL: host.url });
  assert.deepEqual(await client.stats(never), [read, unread]);
  assert.equal((await client.vmStats("vm-1", never)).snapshot?.memoryUsed, 24);
  await assert.rejects(client.vmStats("vm-3", never), AlcoveProtocolError);
});
