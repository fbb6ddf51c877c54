import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { AlcoveError } from "#core/errors.ts";

import { type Fields, parseFields } from "./fields.ts";
import { BrokenStream } from "./frames.ts";
import { readFrozen, readReceipt } from "./identity.ts";
import {
  readApplied,
  readCopied,
  readHealth,
  readProcessEnd,
  readSent,
  readSource,
  readStarted,
  readStats,
  readWelcome,
  refusalIn,
} from "./replies.ts";

const snapshot = {
  hostname: "vm",
  arch: "x86_64",
  timestampNs: "1764000000123456789",
  uptimeNs: 2 ** 60,
  totalCpus: 1,
  totalMemory: 268_435_456,
  memoryUsed: 1,
  memoryAvailable: 2,
  memoryUsedPercent: 1.5,
  loadAvg1: 0.1,
  loadAvg5: 0.2,
  loadAvg15: 0.3,
  diskReadTotal: 1,
  diskWriteTotal: 2,
  networkReadTotal: 3,
  networkWriteTotal: 4,
  diskIOInflight: 0,
  openConnections: 5,
  openFiles: 6,
  entropy: 256,
  diskSpaceTotal: 7,
  diskSpaceUsed: 8,
  diskSpaceFree: 9,
  diskSpaceUsedPercent: 12.5,
};

/** Every reader, and something it must be able to read. */
const READERS: readonly (readonly [(fields: Fields) => unknown, object])[] = [
  [
    readWelcome,
    {
      protocol: 1,
      agent: "0.1.0",
      window: 262_144,
      features: ["exec"],
      bootId: "5f3c2b1a",
      init: "systemd",
    },
  ],
  [
    readHealth,
    {
      ok: true,
      agentVersion: "0.1.0",
      agentUptimeNs: 2 ** 55,
      systemUptimeNs: 2 ** 56,
      hostname: "vm",
      bootId: "5f3c2b1a",
      userdata: { ran: false },
    },
  ],
  [readStats, { ok: true, snapshot }],
  [readApplied, { ok: true, applied: ["hostname", "network"] }],
  [readStarted, { started: { pid: 123 } }],
  [readProcessEnd, { ok: true, exitCode: 137, signal: "KILL" }],
  [readCopied, { ok: true, path: "/root/x", bytes: 1, files: 1, directories: 0, skipped: 0 }],
  [readSource, { source: { type: "directory", name: "etc", mode: 0o755 } }],
  [readSource, { source: { type: "file", name: "passwd", size: 123, mode: 0o644 } }],
  [readSent, { ok: true, bytes: 5 }],
  [readFrozen, { frozen: { mounts: ["/data", "/"] } }],
  [
    readReceipt,
    {
      ok: true,
      receipt: {
        rng: "reseeded",
        clockStepNs: "-1",
        hostname: "vm",
        machineId: "0123456789abcdef0123456789abcdef",
        sshHostKeys: "none",
        mac: "02:00:00:00:00:01",
        address: "10.0.0.1",
        connectionsCut: 0,
      },
    },
  ],
  [refusalIn, { ok: false, code: "not_found", message: "nosuch: not found in PATH" }],
];

test("replies: everything the document shows is read", () => {
  const read = READERS.map(([reader, json]) => reader(through(json)));
  assert.partialDeepStrictEqual(read[0], { windowBytes: 262_144, identity: { init: "systemd" } });
  assert.partialDeepStrictEqual(read[1], { userdata: { ran: false, exitCode: undefined } });
  assert.partialDeepStrictEqual(read[2], {
    takenAt: new Date("2025-11-24T16:00:00.123Z"),
    totalCpus: 1,
    diskSpaceUsedPercent: 12.5,
  });
  assert.deepEqual(read.slice(3, 6), [
    ["hostname", "network"],
    123,
    { exitCode: 137, signal: "KILL" },
  ]);
  assert.partialDeepStrictEqual(read[7], { type: "directory", sizeBytes: undefined });
  assert.partialDeepStrictEqual(read[8], { type: "file", sizeBytes: 123, mode: 0o644 });
  assert.ok(AlcoveError.is(read.at(-1), "guest_refused"));
  assert.equal(refusalIn({ ok: true }), undefined);
});

test("replies: any one field turned into anything is read safely or refused as a broken stream", () => {
  const strange = fc.oneof(
    fc.constantFrom(
      null,
      -1,
      0.5,
      1e300,
      2 ** 53,
      "",
      "\u0000\u001b[31m",
      {},
      [],
      true,
      "9".repeat(20),
    ),
    fc.string({ unit: "binary", maxLength: 600 }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const reader = fc.constantFrom(...READERS);
  fc.assert(
    fc.property(reader, fc.nat(), strange, ([read, json], place, value) => {
      try {
        assertSafe(read(through(withOneChanged(json, place, value))));
      } catch (error) {
        assert.ok(error instanceof BrokenStream, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("replies: bytes that are not a shallow JSON object are refused", () => {
  const bad = [
    "",
    "nul",
    "null",
    "3",
    '"x"',
    "[]",
    "{",
    '{"a":1}x',
    `{"a":${"[".repeat(16)}${"]".repeat(16)}}`,
  ];
  for (const text of bad) assert.throws(() => parseFields(Buffer.from(text)), BrokenStream, text);
  assert.throws(() => parseFields(Buffer.alloc(65_537, 0x20)), BrokenStream);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        parseFields(bytes);
      } catch (error) {
        assert.ok(error instanceof BrokenStream);
      }
    }),
  );
});

/** As it would come over the channel. */
function through(json: object): Fields {
  return parseFields(Buffer.from(JSON.stringify(json)));
}

/** Numbers finite, strings bounded and without control characters, all the way down. */
function assertSafe(value: unknown): void {
  if (typeof value === "number") assert.ok(Number.isFinite(value) && value >= 0);
  if (typeof value === "string") {
    assert.ok(value.length <= 4096);
    // eslint-disable-next-line no-control-regex -- their absence is what is tested
    assert.doesNotMatch(value, /[\u0000-\u001f\u007f-\u009f]/);
  }
  if (value instanceof AlcoveError) {
    assertSafe(value.message);
    assert.ok(value.message.length <= 500);
  } else if (typeof value === "object" && value !== null) {
    for (const one of Object.values(value)) assertSafe(one);
  }
}

/** A copy with the field at `place`, counted through all levels, replaced. */
function withOneChanged(json: object, place: number, value: unknown): object {
  const copy: Record<string, unknown> = structuredClone({ ...json });
  const places: (() => void)[] = [];
  const walk = (node: Record<string, unknown>) => {
    for (const [name, child] of Object.entries(node)) {
      places.push(() => {
        node[name] = value;
      });
      if (isRecord(child)) walk(child);
    }
  };
  walk(copy);
  places[place % places.length]?.();
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
