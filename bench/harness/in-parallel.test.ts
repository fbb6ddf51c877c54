import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";

import { inParallel } from "./in-parallel.ts";

const { signal } = new AbortController();

test("in parallel: everything is done once, in order, never more than asked for at once", async () => {
  let [running, most] = [0, 0];
  const work = async (index: number): Promise<number> => {
    most = Math.max(most, (running += 1));
    await turn();
    running -= 1;
    return index * 2;
  };

  assert.deepEqual(await inParallel({ times: 5, atOnce: 2 }, work, signal), [0, 2, 4, 6, 8]);
  assert.equal(most, 2);
  assert.deepEqual(await inParallel({ times: 0, atOnce: 2 }, work, signal), []);
});

test("in parallel: nothing more is begun once the signal has aborted", async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const work = (index: number): Promise<void> => {
    begun.push(index);
    stop.abort(new Error("enough"));
    return Promise.resolve();
  };

  await assert.rejects(inParallel({ times: 5, atOnce: 1 }, work, stop.signal), /enough/);
  assert.deepEqual(begun, [0]);
});
