import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { pause } from "./patience.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

test("patience: a pause of sixty days is none of a millisecond", async () => {
  const given = new AbortController();
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let days = 0;
    const over = new AbortController();
    const pausing = pause(60 * DAY_MS, given.signal).then(() => over.abort());
    for (; days < 70 && !over.signal.aborted; days += 1) {
      mock.timers.tick(DAY_MS);
      await new Promise(setImmediate);
    }
    given.abort(new Error("it never ended"));
    await pausing;
    assert.ok(days >= 60, `it was over after ${days} days`);
  } finally {
    mock.timers.reset();
  }
});
