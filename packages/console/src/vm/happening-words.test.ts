import assert from "node:assert/strict";
import { test } from "node:test";

import { withLengths, wordsOf } from "./happening-words.ts";
import type { VmHappening } from "./vm-state.ts";

function event(id: number, second: number, vmId = "a"): VmHappening {
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  return { id, at, vmId, hostname: "sbox-1", input: "start", phase: "starting" };
}

test("happenings: a phase lasts until the next begins, and the newest lasts still", () => {
  const lengths = withLengths([event(3, 10), event(2, 4), event(1, 1)]).map(({ ms }) => ms);
  assert.deepEqual(lengths, [undefined, 6_000, 3_000]);
});

test("happenings: what came after another VM of the same name is not its length", () => {
  const lengths = withLengths([event(2, 10, "b"), event(1, 4, "a")]).map(({ ms }) => ms);
  assert.deepEqual(lengths, [undefined, undefined]);
});

test("happenings: a word that is not known is shown as it came", () => {
  const phase = "running";
  const words = [wordsOf({ input: "booted", phase }), wordsOf({ input: "new", phase })];
  assert.deepEqual(words, ["Its machine runs", "new"]);
});

test("happenings: a machine that was ended on purpose did not break down", () => {
  assert.equal(wordsOf({ input: "crashed", phase: "stopped" }), "Its machine has ended");
  assert.equal(wordsOf({ input: "crashed", phase: "failed" }), "Its machine broke down");
});
