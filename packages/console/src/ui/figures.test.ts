import assert from "node:assert/strict";
import { test } from "node:test";

import { age, bytes, count, duration, percent } from "./figures.ts";

test("figures: sizes have binary units and three digits at most", () => {
  const shown = [0, 999, 1_000, 1_536, 1_048_576, 123_456_789, 8 * 2 ** 30].map(bytes);
  assert.deepEqual(shown, ["0 B", "999 B", "1 KiB", "1.5 KiB", "1 MiB", "118 MiB", "8 GiB"]);
});

test("figures: ages name one unit, durations two", () => {
  assert.deepEqual([-1, 59, 60, 7_199, 90_000, 200_000].map(age), [
    "0 s",
    "59 s",
    "1 min",
    "1 h",
    "25 h",
    "2 d",
  ]);
  assert.deepEqual([12.4, 1_400, 12_000, 125_000, 3_700_000].map(duration), [
    "12 ms",
    "1.4 s",
    "12 s",
    "2 min 5 s",
    "1 h 1 min",
  ]);
});

test("figures: shares and counts", () => {
  assert.equal(percent(0.426), "43 %");
  assert.deepEqual([count(1, "VM"), count(2, "VM")], ["1 VM", "2 VMs"]);
});
