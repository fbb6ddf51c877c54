import assert from "node:assert/strict";
import { test } from "node:test";

import { egressOf, memoryOf, originOf, sizeOf } from "./fact-words.ts";

const MIB = 1_024 ** 2;

test("fact words: where a VM comes from", () => {
  assert.equal(
    originOf({ origin: { how: "boot", why: "No template." } }),
    "It booted: No template.",
  );
  assert.match(originOf({ origin: { how: "fork", source: "sbox-1" } }), /copy of sbox-1/);
});

function egress(allow: readonly string[], drop: readonly string[]): string | undefined {
  return egressOf({ network: { mode: "isolated", egress: { allow, drop } } });
}

test("fact words: what an isolated VM may reach", () => {
  assert.equal(egress([], []), "It may reach everything.");
  assert.equal(egress(["1.1.1.1"], []), "It may reach 1.1.1.1 and nothing else.");
  assert.match(egress(["10.0.0.7"], ["10.0.0.0/8"]) ?? "", /everything but 10.*except 10.0.0.7/);
  assert.equal(egressOf({ network: { mode: "user" } }), undefined);
});

test("fact words: sizes, and memory only while there is a process", () => {
  assert.equal(
    sizeOf({ vcpus: 1, memoryBytes: 512 * MIB }),
    "1 vCPU, 512 MiB of memory, the image's disk",
  );
  assert.equal(memoryOf({ memory: { reservedBytes: 5 } }), undefined);
  const memory = { reservedBytes: 5, privateBytes: 3 * MIB, sharedBytes: MIB };
  assert.equal(memoryOf({ memory }), "3 MiB of its own, 1 MiB shared");
});
