import assert from "node:assert/strict";
import { test } from "node:test";
import { measureFile } from "./ratchet-measure.ts";
import type { Numbers } from "./ratchet-measure.ts";
import { update } from "./ratchet.ts";

const numbers: Numbers = {
  longestFile: 100,
  longestFunction: 40,
  filesOver200Lines: 0,
  casts: 5,
  disables: 1,
  anys: 0,
  skippedTests: 0,
  directDependencies: 20,
};

test("ratchet: an update keeps what fell and refuses what grew", () => {
  const now = { ...numbers, casts: 3, longestFile: 120 };
  const next = update({ numbers, growth: [] }, now, undefined);
  assert.deepEqual(next, { numbers: { ...numbers, casts: 3 }, growth: [] });
});

test("ratchet: growth with a reason is let through and the reason is kept", () => {
  const next = update({ numbers, growth: [] }, { ...numbers, casts: 7 }, "a parser of C headers");
  assert.deepEqual(next, {
    numbers: { ...numbers, casts: 7 },
    growth: [{ what: "casts 5 → 7", reason: "a parser of C headers" }],
  });
});

test("ratchet: a file's casts, anys, disables, skips and longest function are found", () => {
  const text = [
    "// a comment before anything, with a letter of two bytes: é",
    "const one = 1 as unknown as any;",
    "const kept = [1] as const;",
    "// oxlint-disable-next-line no-console -- because",
    "const long = () => {",
    "  using file = open();",
    "  return file;",
    "};",
    'test.skip("x", { skip: true }, () => 1);',
    "",
  ].join("\n");
  assert.deepEqual(measureFile("packages/daemon/src/x.test.ts", text), {
    lines: 9,
    longestFunction: 4,
    casts: 2,
    disables: 1,
    anys: 1,
    skips: 2,
  });
});
