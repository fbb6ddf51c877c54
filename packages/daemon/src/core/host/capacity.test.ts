import assert from "node:assert/strict";
import { test } from "node:test";

import { GIB, MIB } from "#lib/bytes.ts";

import { AlcoveError, type ErrorDetails } from "../errors.ts";
import {
  admit,
  admitCount,
  admitFile,
  type CapacityLimits,
  type HostSnapshot,
  roomLeft,
} from "./capacity.ts";

const LIMITS: CapacityLimits = {
  memoryReserveMiB: 1024,
  memoryOvercommit: 1,
  cpuOvercommit: 4,
  diskReserveBytes: 2 * GIB,
  maxVms: 3,
};

const HOST: HostSnapshot = {
  memoryTotalBytes: 4 * GIB,
  memoryAvailableBytes: 3 * GIB,
  cpuCount: 2,
  diskFreeBytes: 10 * GIB,
};

function refusal(act: () => void): ErrorDetails["no_capacity"] {
  const refused: { details?: ErrorDetails["no_capacity"] } = {};
  assert.throws(act, (error) => {
    if (AlcoveError.is(error, "no_capacity")) refused.details = error.details;
    return refused.details !== undefined;
  });
  assert.ok(refused.details);
  return refused.details;
}

test("capacity: a VM that fits is admitted to the last MiB", () => {
  const held = [{ vcpus: 1, memoryMiB: 1024 - 64 }];
  admit({ vcpus: 1, memoryMiB: 2048 - 64 }, held, HOST, LIMITS);
});

test("capacity: memory that was promised is not promised again, and the answer says how much is left", () => {
  const held = [{ vcpus: 1, memoryMiB: 2048 - 64 }];
  const details = refusal(() => admit({ vcpus: 1, memoryMiB: 2048 }, held, HOST, LIMITS));
  assert.deepEqual(details, { resource: "memory", needed: 2112 * MIB, available: 1024 * MIB });
});

test("capacity: memory that other programs took is not there either", () => {
  const host = { ...HOST, memoryAvailableBytes: 100 * MIB };
  const details = refusal(() => admit({ vcpus: 1, memoryMiB: 128 }, [], host, LIMITS));
  assert.equal(details.resource, "memory");
});

test("capacity: vCPUs are counted against the overcommitted CPUs", () => {
  const held = [{ vcpus: 7, memoryMiB: 64 }];
  const details = refusal(() => admit({ vcpus: 2, memoryMiB: 64 }, held, HOST, LIMITS));
  assert.deepEqual(details, { resource: "cpu", needed: 2, available: 1 });
});

test("capacity: a nearly full disk refuses before it is full", () => {
  const details = refusal(() =>
    admit({ vcpus: 1, memoryMiB: 64 }, [], { ...HOST, diskFreeBytes: GIB }, LIMITS),
  );
  assert.deepEqual(details, { resource: "disk", needed: 2 * GIB, available: GIB });
});

test("capacity: the number of VMs has an end", () => {
  admitCount(2, LIMITS);
  assert.deepEqual(
    refusal(() => admitCount(3, LIMITS)),
    { resource: "vms", needed: 4, available: 3 },
  );
});

test("capacity: a file is written if the reserve stays free beside what others are writing", () => {
  admitFile(5 * GIB, 3 * GIB, 10 * GIB, LIMITS);
  assert.deepEqual(
    refusal(() => admitFile(5 * GIB, 4 * GIB, 10 * GIB, LIMITS)),
    { resource: "disk", needed: 7 * GIB, available: 6 * GIB },
  );
});

test("capacity: what is left is the most that is admitted, and one more is not", () => {
  const held = [{ vcpus: 3, memoryMiB: 512 }];
  const room = roomLeft({ held, known: 1 }, HOST, LIMITS);
  const most = { vcpus: room.vcpus, memoryMiB: room.memoryBytes / MIB };
  assert.deepEqual([most.vcpus, room.diskBytes, room.vms], [5, 8 * GIB, 2]);
  admit(most, held, HOST, LIMITS);
  const { resource } = refusal(() => admit({ ...most, vcpus: 6 }, held, HOST, LIMITS));
  const more = { ...most, memoryMiB: most.memoryMiB + 1 };
  assert.deepEqual(
    [resource, refusal(() => admit(more, held, HOST, LIMITS)).resource],
    ["cpu", "memory"],
  );
});

test("capacity: nothing is left where other programs took the memory, and never less than nothing", () => {
  const host = { ...HOST, memoryAvailableBytes: 100 * MIB, diskFreeBytes: GIB };
  const held = [{ vcpus: 9, memoryMiB: 64 }];
  assert.deepEqual(roomLeft({ held, known: 4 }, host, LIMITS), {
    vcpus: 0,
    memoryBytes: 0,
    diskBytes: 0,
    vms: 0,
  });
});
