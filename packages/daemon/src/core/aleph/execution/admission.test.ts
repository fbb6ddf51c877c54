import assert from "node:assert/strict";
import { test } from "node:test";

import { GIB, MIB } from "#lib/bytes.ts";

import { type Commitment, diskLeftBytes, type HostSize, lackOf, type Need } from "./admission.ts";

const SETTINGS = {
  hostMemoryReservedMiB: 2048,
  programMemoryReservedMiB: 8192,
  vcpuOvercommit: 4,
  startIdIndex: 4,
};

const HOST: HostSize = { memoryBytes: 16 * GIB, cpus: 2, diskFreeBytes: 10 * GIB };
const SMALL: Need = { kind: "instance", vcpus: 1, memoryMiB: 1024, diskMiB: 1024 };

function lack(need: Partial<Need>, committed: readonly Commitment[] = [], host = HOST) {
  return lackOf({ ...SMALL, ...need }, committed, host, SETTINGS)?.resource;
}

function taken(need: Partial<Commitment>): Commitment {
  return { ...SMALL, diskUsedBytes: 0, ...need };
}

test("admission: memory is what the host has, less what it and programs need", () => {
  assert.equal(lack({ memoryMiB: 6 * 1024 }), undefined);
  assert.equal(lack({ memoryMiB: 6 * 1024 + 1 }), "memory");
  assert.equal(lack({ memoryMiB: 1 }, [], { ...HOST, memoryBytes: 10 * GIB }), "memory");
  assert.equal(lack({ memoryMiB: 1024 }, [taken({ memoryMiB: 5 * 1024 })]), undefined);
  assert.equal(lack({ memoryMiB: 1025 }, [taken({ memoryMiB: 5 * 1024 })]), "memory");
});

test("admission: programs and instances have memory of their own, and share processors", () => {
  const program = taken({ kind: "program", memoryMiB: 8192, diskMiB: 0 });
  assert.equal(lack({ memoryMiB: 6 * 1024 }, [program]), undefined);
  assert.equal(lack({ kind: "program", memoryMiB: 1 }, [program]), "memory");
  assert.equal(lack({ vcpus: 8 }), undefined);
  assert.equal(lack({ vcpus: 9 }), "vcpus");
  assert.equal(lack({ vcpus: 8 }, [program]), "vcpus");
});

test("admission: disk that is promised and not used yet is not free", () => {
  const half = taken({ diskMiB: 4096, diskUsedBytes: 1024 * MIB });
  assert.equal(lack({ diskMiB: 7 * 1024 }, [half]), undefined);
  assert.equal(lack({ diskMiB: 7 * 1024 + 1 }, [half]), "disk");
  assert.equal(diskLeftBytes([half], 10 * GIB), 7 * GIB);
  assert.equal(diskLeftBytes([taken({ diskMiB: 20_480 })], 10 * GIB), 0);
  assert.deepEqual(lackOf({ ...SMALL, diskMiB: 20_480 }, [], HOST, SETTINGS), {
    resource: "disk",
    required: { vcpus: 1, memoryMiB: 1024, diskMiB: 20_480 },
    available: { vcpus: 8, memoryMiB: 6144, diskMiB: 10_240 },
  });
});
