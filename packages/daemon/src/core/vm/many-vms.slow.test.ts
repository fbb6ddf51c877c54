import assert from "node:assert/strict";
import { test } from "node:test";

import { MIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

/** enough to show what grows with their number; a thousand and more are a matter for the benches */
const COUNT = 300;
const MAX_HEAP_BYTES = 128 * MIB;

test("many VMs: hundreds can be created, listed, used and deleted", async () => {
  await using api = await SlicerApi.make();
  const heapBefore = process.memoryUsage().heapUsed;
  const created = await Promise.all(
    Array.from({ length: COUNT }, () => api.call("POST /hostgroup/sbox/nodes")),
  );
  assert.ok(created.every(({ status }) => status === 201));
  await eventually("all run", () => api.vms.list().every(({ phase }) => phase === "running"));
  const nodes: { hostname: string; ip: string }[] = JSON.parse((await api.call("GET /nodes")).text);
  assert.equal(new Set(nodes.map(({ hostname }) => hostname)).size, COUNT);
  assert.equal(new Set(nodes.map(({ ip }) => ip)).size, COUNT);
  assert.equal((await api.call(`GET /vm/sbox-${COUNT}/health`)).status, 200);
  assert.ok(process.memoryUsage().heapUsed - heapBefore < MAX_HEAP_BYTES);
  const deleted = await Promise.all(
    nodes.map(({ hostname }) => api.call(`DELETE /hostgroup/sbox/nodes/${hostname}`)),
  );
  assert.ok(deleted.every(({ status }) => status === 200));
  assert.deepEqual([api.vms.list(), api.host.world.living(), api.host.store.all()], [[], [], []]);
});
