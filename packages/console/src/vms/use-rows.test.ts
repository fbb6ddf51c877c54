import assert from "node:assert/strict";
import { test } from "node:test";

import { rangeOf } from "./use-rows.ts";

test("rows: what can be seen and a little more is there, and never more than there is", () => {
  assert.deepEqual(rangeOf({ at: 0, page: 20 }, 1_000), { first: 0, end: 32 });
  assert.deepEqual(rangeOf({ at: 500, page: 20 }, 1_000), { first: 488, end: 532 });
  assert.deepEqual(rangeOf({ at: 980, page: 20 }, 1_000), { first: 968, end: 1_000 });
  assert.deepEqual(rangeOf({ at: 0, page: 20 }, 3), { first: 0, end: 3 });
  assert.deepEqual(rangeOf({ at: 980, page: 20 }, 30), { first: 0, end: 30 });
});
