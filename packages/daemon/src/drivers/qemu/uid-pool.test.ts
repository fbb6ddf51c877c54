import assert from "node:assert/strict";
import { test } from "node:test";

import { UidPool } from "./uid-pool.ts";

test("uid pool: no two live machines share a user, and a released one comes back last", () => {
  const pool = new UidPool({ base: 3_000_000_000, count: 3 });

  const first = [pool.take(), pool.take()];
  pool.release(3_000_000_000);
  const then = [pool.take(), pool.take()];

  assert.deepEqual(first, [3_000_000_000, 3_000_000_001]);
  assert.deepEqual(then, [3_000_000_002, 3_000_000_000]);
  assert.throws(() => pool.take(), /All 3 users/);
});

test("uid pool: an adopted machine's user is not given away", () => {
  const pool = new UidPool({ base: 3_000_000_000, count: 2 });

  pool.keep(3_000_000_000);

  assert.equal(pool.take(), 3_000_000_001);
});

test("uid pool: users of processes that already run are not given away", () => {
  const own = process.getuid?.() ?? 0;
  const pool = new UidPool({ base: own, count: 1 });

  assert.throws(() => pool.take(), /All 1 users/);
});
