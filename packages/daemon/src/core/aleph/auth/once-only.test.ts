import assert from "node:assert/strict";
import { test } from "node:test";

import { SetClock } from "#testing/aleph-signers.ts";

import { OnceOnly } from "./once-only.ts";

const MAX_USED = 65_536;

test("once: what is used again is told from what is used first, until it is over", () => {
  const clock = new SetClock("2025-06-01T12:00:00Z");
  const once = new OnceOnly(clock);
  const until = clock.ms + 5000;
  assert.equal(once.use("a", until), "first");
  assert.equal(once.use("a", until), "again");
  assert.equal(once.use("b", until), "first");
  clock.ms = until;
  assert.equal(once.use("a", until), "again");
  clock.ms = until + 1001;
  assert.equal(once.use("a", until + 9000), "first");
});

test("once: when it is full it takes nothing more, and forgets nothing that still counts", () => {
  const clock = new SetClock("2025-06-01T12:00:00Z");
  const once = new OnceOnly(clock);
  for (let index = 0; index < MAX_USED; index += 1)
    assert.equal(once.use(`${index}`, clock.ms + (index === 0 ? 10_000 : 20_000)), "first");
  assert.equal(once.use("more", clock.ms + 20_000), "full");
  assert.equal(once.use("0", clock.ms + 20_000), "again");
  clock.ms += 10_001;
  assert.equal(once.use("more", clock.ms + 20_000), "first");
  assert.equal(once.use("still more", clock.ms + 20_000), "full");
  assert.equal(once.use("1", clock.ms + 20_000), "again");
});
