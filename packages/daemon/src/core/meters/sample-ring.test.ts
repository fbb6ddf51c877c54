import assert from "node:assert/strict";
import { test } from "node:test";

import { SampleRing } from "./sample-ring.ts";

test("sample ring: rows come back in columns, and what was not read is not there", () => {
  const ring = new SampleRing(["cpu", "memory"], 10);
  ring.push(1_000, { cpu: 0.5, memory: undefined });
  ring.push(2_000, { cpu: undefined, memory: 7 });
  const samples = ring.after(0);
  assert.deepEqual(
    [samples.at, samples.column("cpu"), samples.column("memory")],
    [
      [1_000, 2_000],
      [0.5, undefined],
      [undefined, 7],
    ],
  );
});

test("sample ring: only what is later than asked for", () => {
  const ring = new SampleRing(["cpu"], 10);
  for (const at of [1, 2, 3]) ring.push(at, { cpu: at });
  assert.deepEqual([ring.after(1).at, ring.after(3).at], [[2, 3], []]);
});

test("sample ring: it grows to its length and no further, and the oldest falls out", () => {
  for (const length of [1, 15, 16, 17, 100]) {
    const ring = new SampleRing(["n"], length);
    for (let at = 1; at <= 250; at += 1) {
      ring.push(at, { n: at });
      const samples = ring.after(0);
      const kept = Math.min(at, length);
      const expected = Array.from({ length: kept }, (_, index) => at - kept + 1 + index);
      assert.deepEqual(
        [samples.at, samples.column("n")],
        [expected, expected],
        `${at} of ${length}`,
      );
    }
  }
});

test("sample ring: times rise, also when the clock is set back", () => {
  const ring = new SampleRing(["cpu"], 10);
  for (const at of [100, 40, 102]) ring.push(at, { cpu: 0 });
  assert.deepEqual(ring.after(0).at, [100, 101, 102]);
});
