import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { pause } from "./pause.ts";

test("pause: ends with its time or with the signal, and leaves nothing at a signal that lives on", async () => {
  const over = new AbortController();
  await pause(1, over.signal);
  assert.deepEqual(getEventListeners(over.signal, "abort"), []);
  const waiting = pause(60_000, over.signal);
  over.abort();
  await waiting;
  await pause(60_000, over.signal);
  assert.deepEqual(getEventListeners(over.signal, "abort"), []);
});
