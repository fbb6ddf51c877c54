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
