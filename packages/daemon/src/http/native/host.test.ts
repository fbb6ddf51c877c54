/** The host, its groups and its meters, as Alcove's own API tells of them. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import fastify from "fastify";

import type { Group, HostMeters, HostState, VmMeters } from "@alcove/api";
import { MIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { fakeMeters } from "#testing/fake-host-desk.ts";
import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

import { meterRoutes } from "./meters.ts";

const api = await SlicerApi.make();
after(() => api[Symbol.asyncDispose]());

async function group(): Promise<Group> {
  const [first]: Group[] = JSON.parse((await api.call("GET /v1/groups")).text);
  assert.ok(first);
  return first;
}

test("native host: it says what it is, what it has, and what is worth a warning", async () => {
  const { status, text } = await api.call("GET /v1/host");
  const host: HostState = JSON.parse(text);
  assert.equal(status, 200);
  assert.deepEqual(
    [host.version, host.hypervisor, host.isolation, host.accelerator, host.aleph],
    ["1.2.3", "fake", "none", "none", { on: false }],
  );
  assert.deepEqual(
    host.warnings.map(({ code }) => code),
    ["no_isolation"],
  );
  assert.equal(host.node, process.version);
});

test("native groups: a VM is counted in its group, and what it was promised is not free", async () => {
  const before = await group();
  await api.vm();
  const now = await group();
  const shareBytes = (1024 + 64) * MIB;
  assert.deepEqual(now.use, {
    vms: before.use.vms + 1,
    running: before.use.running + 1,
    vcpus: before.use.vcpus + 2,
    memory_bytes: before.use.memory_bytes + shareBytes,
  });
  const { free } = now.limits;
  assert.equal(free.vms, before.limits.free.vms - 1);
  assert.equal(free.memory_bytes, before.limits.free.memory_bytes - shareBytes);
  assert.deepEqual([now.limits.vcpus, now.limits.memory_bytes], [2, 1024 * MIB]);
});

test("native meters: nothing was sampled, for a VM that is known; a time must be a number", async () => {
  const hostname = await api.vm();
  const { text } = await api.call(`GET /v1/vms/${hostname}/meters`);
  const { interval_ms, samples }: VmMeters = JSON.parse(text);
  assert.deepEqual([interval_ms, Object.values(samples).flat()], [0, []]);
  assert.equal((await api.call("GET /v1/vms/none/meters")).status, 404);
  assert.equal((await api.call("GET /v1/host/meters?after=now")).status, 400);
});

test("native meters: columns of the same length, and only what came since", async () => {
  await using host = await FakeHost.make();
  const vms = await host.open();
  const vm = await vms.create("sbox", aRequest({}), never);
  await using meters = fakeMeters(host, vms, 0.02);
  await eventually("three samples", () => meters.vms.of(vm, 0).at.length >= 3);
  await using app = fastify();
  await app.register(meterRoutes, { meters, vms });
  const path = `/vms/${vm.record.hostname}/meters`;
  const { samples: all }: VmMeters = (await app.inject(path)).json();
  assert.equal(new Set(Object.values(all).map(({ length }) => length)).size, 1);
  assert.deepEqual([all.memory_total[0], all.cpu[0]], [1024 * MIB, null]);
  const newest = all.at.at(-1) ?? 0;
  const { samples: since }: VmMeters = (await app.inject(`${path}?after=${newest}`)).json();
  assert.ok(since.at.every((at) => at > newest));
  const { samples: ofHost }: HostMeters = (await app.inject("/host/meters")).json();
  assert.ok(ofHost.at.length > 1 && ofHost.load.every((load) => load !== null));
});
