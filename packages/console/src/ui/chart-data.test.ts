import assert from "node:assert/strict";
import { test } from "node:test";

import { clock, lastOf, mostOf, roundTop, withGaps } from "./chart-data.ts";

test("chart data: no line is drawn across a time without samples", () => {
  const gapped = withGaps([0, 5, 10, 100, 105], [[1, 2, 3, 4, 5]], 5);
  assert.deepEqual(gapped, { at: [0, 5, 10, 11, 100, 105], lines: [[1, 2, 3, null, 4, 5]] });
});

test("chart data: a round that took a little longer is no gap, and what was not read stays empty", () => {
  const gapped = withGaps(
    [0, 5, 18],
    [
      [1, null, 3],
      [4, 5],
    ],
    5,
  );
  assert.deepEqual(gapped, {
    at: [0, 5, 18],
    lines: [
      [1, null, 3],
      [4, 5, null],
    ],
  });
});

test("chart data: newest and largest look past what was not read", () => {
  assert.deepEqual([lastOf([1, 7, 3, null]), mostOf([1, 7, null])], [3, 7]);
  assert.deepEqual([lastOf([null]), mostOf([])], [undefined, undefined]);
});

test("chart data: a time of day has two digits each", () => {
  assert.equal(clock(new Date(2026, 0, 2, 3, 4).getTime()), "03:04");
});

test("chart data: the top of an axis is round, and its half is, too", () => {
  const decimal = [0.031, 0.1, 0.52, 1, 1.3, 7, 0].map((most) => roundTop(most, "decimal"));
  assert.deepEqual(
    decimal.map((top) => Number(top.toFixed(6))),
    [0.04, 0.1, 0.6, 1, 2, 8, 1],
  );
  const binary = [16_384, 16_385, 30_000, 5 * 2 ** 20].map((most) => roundTop(most, "binary"));
  assert.deepEqual(binary, [16_384, 24_576, 32_768, 6 * 2 ** 20]);
});
