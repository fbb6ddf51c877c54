import assert from "node:assert/strict";
import { test } from "node:test";

import {
  array,
  assert as assertProperty,
  constantFrom,
  integer,
  property,
  record,
  tuple,
} from "fast-check";

import { AlcoveError } from "#core/errors.ts";
import { userGuestNetwork } from "#core/network/user-network.ts";
import { configureRequest } from "#guest/requests.ts";
import { MAX_PAYLOAD_BYTES } from "#guest/frames.ts";
import { MIB } from "#lib/bytes.ts";
import { aGroup, aRequest } from "#testing/fake-host.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { guestConfigurationFor } from "./boot-plan.ts";
import { checkSpec, type VmRequest } from "./spec.ts";
import type { VmSpec } from "./vm.ts";

const GROUP = aGroup({ vcpus: 4, memoryMiB: 2048 });

test("spec: what is not said comes from the host group", () => {
  assert.deepEqual(checkSpec(aRequest({}), GROUP, []), {
    vcpus: 4,
    memoryMiB: 2048,
    image: "base",
    diskBytes: undefined,
    network: { settings: { mode: "user" }, dns: [], override: undefined },
    tags: [],
    sshKeys: [],
    userdata: undefined,
    secrets: "all",
  });
});

test("spec: what is said is taken, up to the group's own size", () => {
  const wanted = { vcpus: 4, memoryBytes: 2048 * MIB, image: "other", tags: ["a"], userdata: "x" };
  assert.partialDeepStrictEqual(checkSpec(aRequest(wanted), GROUP, []), {
    vcpus: 4,
    memoryMiB: 2048,
    image: "other",
    tags: ["a"],
    userdata: "x",
  });
});

test("spec: memory that is no whole number of MiB is rounded down", () => {
  assert.equal(checkSpec(aRequest({ memoryBytes: 128 * MIB + 1 }), GROUP, []).memoryMiB, 128);
});

test("spec: keys are trimmed, and empty ones left out", () => {
  const { sshKeys } = checkSpec(aRequest({ sshKeys: [" ssh-ed25519 A a\n", " ", ""] }), GROUP, []);
  assert.deepEqual(sshKeys, ["ssh-ed25519 A a"]);
});

const WRONG: readonly (readonly [what: string, Partial<VmRequest>, path: string, RegExp])[] = [
  ["more vCPUs than the group has", { vcpus: 5 }, "cpus", /5 is more than .* sbox allows \(4\)/],
  ["no vCPU", { vcpus: 0 }, "cpus", /at least 1/],
  ["more memory", { memoryBytes: 2048 * MIB + 1 }, "ram_bytes", /allows \(2 GiB\)/],
  ["too little memory", { memoryBytes: 64 * MIB - 1 }, "ram_bytes", /at least 64 MiB/],
  ["a GPU", { gpuCount: 1 }, "gpu_count", /no GPU/],
  ["too many tags", { tags: Array.from({ length: 65 }, () => "x") }, "tags", /at most 64/],
  ["an empty tag", { tags: [""] }, "tags", /1 to 256/],
  ["a long tag", { tags: ["x".repeat(257)] }, "tags", /1 to 256/],
  ["too many keys", { sshKeys: Array.from({ length: 65 }, () => "k") }, "ssh_keys", /at most 64/],
  ["a key of two lines", { sshKeys: ["a\nb"] }, "ssh_keys", /one line/],
  ["a long key", { sshKeys: ["k".repeat(16 * 1024 + 1)] }, "ssh_keys", /one line/],
  ["long userdata", { userdata: "é".repeat(16 * 1024) + "x" }, "userdata", /at most 32 KiB/],
  [
    "keys and userdata that are too much together",
    { sshKeys: Array.from({ length: 8 }, () => "k".repeat(8 * 1024)) },
    "ssh_keys",
    /together with userdata/,
  ],
];

for (const [what, request, path, problem] of WRONG) {
  test(`spec: ${what} is refused`, () => {
    const issues = issuesOf(request);
    assert.deepEqual(
      issues.map((issue) => issue.path),
      [path],
    );
    assert.match(issues[0]?.problem ?? "", problem);
  });
}

test("spec: everything wrong is said at once", () => {
  const paths = issuesOf({ vcpus: 99, memoryBytes: 1, gpuCount: 2, tags: [""] }).map(
    ({ path }) => path,
  );
  assert.deepEqual(paths, ["cpus", "ram_bytes", "tags", "gpu_count"]);
});

/** Long texts of one character, some of which JSON writes with six. */
const longText = (maxLength: number) =>
  tuple(constantFrom("k", '"', "é", "\u0001"), integer({ min: 0, max: maxLength })).map(
    ([letter, length]) => letter.repeat(length),
  );

const anyRequest = record({
  vcpus: integer({ min: 1, max: 4 }),
  memoryBytes: integer({ min: 64 * MIB, max: 2048 * MIB }),
  sshKeys: array(longText(16 * 1024), { maxLength: 10 }),
  userdata: longText(40 * 1024),
});

test("spec: what is accepted is within the group, and fits one frame to the guest", () => {
  const seen = { accepted: 0, refused: 0 };
  assertProperty(
    property(anyRequest, (wanted) => {
      const spec = acceptedSpec(wanted);
      seen[spec ? "accepted" : "refused"] += 1;
      if (!spec) return;
      assert.ok(spec.memoryMiB >= 64 && spec.memoryMiB <= GROUP.memoryMiB);
      const vm = aVmRecord({ spec, hostname: "x".repeat(63), networkSlot: 4095 });
      const told = guestConfigurationFor(vm, {
        network: userGuestNetwork(4095, "02:00:00:00:00:01"),
        time: new Date(),
        entropy: new Uint8Array(64),
      });
      const frame = Buffer.byteLength(JSON.stringify(configureRequest(told)));
      assert.ok(frame <= MAX_PAYLOAD_BYTES, `a frame of ${frame} bytes`);
    }),
    { numRuns: 200 },
  );
  assert.ok(seen.accepted > 10 && seen.refused > 10, "the test covers both");
});

function acceptedSpec(request: Partial<VmRequest>): VmSpec | undefined {
  try {
    return checkSpec(aRequest(request), GROUP, []);
  } catch (error) {
    if (AlcoveError.is(error, "invalid_request")) return undefined;
    throw error;
  }
}

function issuesOf(request: Partial<VmRequest>): readonly { path: string; problem: string }[] {
  try {
    checkSpec(aRequest(request), GROUP, []);
  } catch (error) {
    if (AlcoveError.is(error, "invalid_request")) return error.details.issues;
    throw error;
  }
  throw new Error("it was accepted");
}
