import assert from "node:assert/strict";
import { test } from "node:test";

import { loadedPart, type Surroundings } from "./load-part.ts";

/** A daemon that is away for so many looks; time passes at once. */
function world(looksAway: number, mayBeginAnew = true) {
  const seen = { waits: new Array<number>(), anew: 0 };
  let looks = 0;
  const around: Surroundings = {
    look: async () => {
      looks += 1;
      if (looks <= looksAway) throw new Error("away");
    },
    wait: async (ms) => {
      seen.waits.push(ms);
    },
    beginAnew: () => {
      if (mayBeginAnew) seen.anew += 1;
      return mayBeginAnew;
    },
  };
  return { around, seen };
}

/** Fails so often, then loads. */
function failing(times: number): () => Promise<string> {
  let failures = 0;
  return async () => {
    failures += 1;
    if (failures <= times) throw new Error("no chunk");
    return "part";
  };
}

test("parts: what loads is there at once", async () => {
  const { around, seen } = world(0);
  assert.equal(await loadedPart(failing(0), around), "part");
  assert.deepEqual(seen, { waits: [], anew: 0 });
});

test("parts: while the daemon is away it is waited for, ever longer", async () => {
  const { around, seen } = world(6);
  assert.equal(await loadedPart(failing(6), around), "part");
  assert.deepEqual(seen.waits, [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  assert.equal(seen.anew, 0);
});

test("parts: a daemon that answers but has no such chunk has the page begin anew, once", async () => {
  const first = world(0);
  void loadedPart(failing(9), first.around);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(first.seen.anew, 1);
  const second = world(0, false);
  await assert.rejects(loadedPart(failing(9), second.around), /no chunk/);
});
