import assert from "node:assert/strict";
import { test } from "node:test";

import { GIB, MIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { aRequest, never } from "#testing/fake-host.ts";
import { type OpenedPools, PoolHost } from "#testing/pool-host.ts";
import { roomyFacts } from "#testing/roomy-facts.ts";
import { roomyLimits } from "#testing/roomy-limits.ts";

import { AlcoveError } from "../errors.ts";
import { launch } from "../vm/launch.ts";
import type { VmRequest } from "../vm/spec.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;

function create({ vms }: OpenedPools, request: Partial<VmRequest> = {}) {
  return launch(vms, { group: "sbox", request: aRequest(request), wait }, never);
}

/** A host where so much memory may be promised. */
function hostWith(memoryMiB: number) {
  const limits = { ...roomyLimits, memoryReserveMiB: 0 };
  const memory = async () => ({ totalBytes: memoryMiB * MIB, availableBytes: 64 * GIB });
  return { limits, hostFacts: { ...roomyFacts, memory } };
}

function isFull(error: unknown): boolean {
  return AlcoveError.is(error, "no_capacity");
}

test("giving way: machines that wait count with what they use, and end when a VM needs it", async () => {
  await using it = await PoolHost.make(4);
  const different = hostWith(2 * (1024 + 64) + 100);
  await using opened = await it.open({ different, memoryBytes: 100 * MIB });
  await it.full(opened);
  assert.deepEqual(
    opened.pools.shares(),
    Array.from({ length: 4 }, () => ({ vcpus: 0, memoryMiB: 36 })),
  );
  // The first is one of them, and the second takes the place of the others.
  const [first, second] = [await create(opened), await create(opened)];
  assert.deepEqual([first.phase, second.phase], ["running", "running"]);
  const { waiting, making } = opened.pools.list()[0] ?? {};
  assert.ok((waiting ?? 0) + (making ?? 0) <= 1, `${waiting} wait, ${making} are made`);
  await assert.rejects(create(opened), isFull);
});

test("giving way: what does not fit in any case costs no machine its place", async () => {
  await using it = await PoolHost.make(2);
  const different = hostWith(1024 + 64 + 200);
  await using opened = await it.open({ different, memoryBytes: 100 * MIB });
  await it.full(opened);
  const before = opened.pools.places();
  await create(opened);
  const [, other] = before;
  assert.ok(other);
  await assert.rejects(create(opened), isFull);
  assert.ok(opened.pools.places().includes(other));
});

test("giving way: the last addresses of a network are VMs', and so is one that is asked for", async () => {
  const addresses = ["192.168.150.11", "192.168.150.12", "192.168.150.13"];
  const gateway = "192.168.150.1/24";
  const bridge = {
    mode: "bridge",
    bridge: undefined,
    tapPrefix: undefined,
    gateway,
    addresses,
  } as const;
  await using it = await PoolHost.make(2, { network: bridge });
  await using opened = await it.open();
  await it.full(opened);
  const [, second] = opened.pools.places();
  assert.ok(second?.address);
  const asked = await create(opened, { address: second.address });
  assert.equal(asked.record.address, second.address);
  const others = [await create(opened, { vcpus: 1 }), await create(opened, { vcpus: 1 })];
  const given = [asked, ...others].map(({ record }) => record.address ?? "");
  assert.deepEqual(given.toSorted(), addresses);
  await assert.rejects(create(opened), isFull);
  assert.deepEqual(opened.pools.places(), []);
});

test("giving way: no more wait than the memory that they may have holds", async () => {
  const warmPool = { size: 8, refillPerSecond: 100, memoryBytes: 250 * MIB };
  await using it = await PoolHost.make(8, { warmPool });
  await using opened = await it.open({ memoryBytes: 100 * MIB });
  await eventually("it stops", () => /all of the/.test(opened.pools.list()[0]?.problem ?? ""));
  const [state] = opened.pools.list();
  assert.equal(state?.waiting, 2);
  assert.match(state?.problem ?? "", /all of the 250 MiB/);
});
