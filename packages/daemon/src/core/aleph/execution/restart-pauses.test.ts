import assert from "node:assert/strict";
import { test } from "node:test";

import { hashOf } from "#testing/aleph-source.ts";

import { RestartPauses } from "./restart-pauses.ts";

const VM = hashOf("1");
const OTHER = hashOf("2");

test("restart pauses: they double up to five minutes, for each VM", () => {
  const pauses = new RestartPauses(5_000);
  const first = Array.from({ length: 8 }, () => pauses.next(VM, 1_000));
  const seconds = [5, 10, 20, 40, 80, 160, 300, 300];
  assert.deepEqual(
    first,
    seconds.map((s) => s * 1000),
  );
  assert.equal(pauses.next(OTHER, -1), 5_000);
});

test("restart pauses: a machine that has run for a while begins anew, as one that somebody has started", () => {
  const pauses = new RestartPauses(5_000);
  pauses.next(VM, 0);
  assert.equal(pauses.next(VM, 600_000), 5_000);
  assert.equal(pauses.next(VM, 599_999), 10_000);
  pauses.forget(VM);
  assert.equal(pauses.next(VM, 0), 5_000);
});
