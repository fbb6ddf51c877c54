import assert from "node:assert/strict";
import { test } from "node:test";

import { MovedClock } from "#testing/moved-clock.ts";

import { CODE_MS, MAX_CODES, SignInCodes } from "./sign-in-codes.ts";

test("sign-in codes: each is good once, for ten minutes", () => {
  const clock = new MovedClock();
  const codes = new SignInCodes(clock);
  const [first, second] = [codes.make(), codes.make()];
  assert.ok(first.expiresAt.getTime() - clock.now().getTime() <= CODE_MS);
  assert.deepEqual([codes.spend(` ${first.code}\n`), codes.spend(first.code)], [true, false]);
  clock.advance(CODE_MS);
  assert.equal(codes.spend(second.code), false);
  assert.equal(codes.spend(""), false);
});

test("sign-in codes: there is a bound, and the oldest makes room", () => {
  const codes = new SignInCodes(new MovedClock());
  const made = Array.from({ length: MAX_CODES + 1 }, () => codes.make().code);
  assert.deepEqual(
    made.map((code) => codes.spend(code)),
    made.map((_, at) => at > 0),
  );
});
