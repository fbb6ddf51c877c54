import assert from "node:assert/strict";
import { test } from "node:test";

import { joined, type Meters } from "./meters.ts";

const MINUTE_MS = 60_000;

function meters(at: readonly number[]): Meters {
  const column = at.map((time) => time / MINUTE_MS);
  return {
    intervalMs: MINUTE_MS,
    samples: {
      at,
      cpu: column,
      memoryUsed: column,
      memoryTotal: column,
      diskUsed: column,
      diskTotal: column,
      diskRead: column,
      diskWrite: column,
      netIn: column,
      netOut: column,
    },
  };
}

function minutes(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * MINUTE_MS);
}

test("vm meters: what is new is put behind what was known, and an hour is kept", () => {
  assert.deepEqual(
    joined(meters(minutes(1, 55)), meters(minutes(56, 90))),
    meters(minutes(31, 90)),
  );
});

test("vm meters: nothing new changes nothing, and nothing known is a beginning", () => {
  const some = meters([MINUTE_MS, 2 * MINUTE_MS]);
  assert.deepEqual([joined(some, meters([])), joined(meters([]), some)], [some, some]);
  assert.deepEqual(joined(meters([]), meters([])), meters([]));
});
