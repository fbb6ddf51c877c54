import assert from "node:assert/strict";
import { test } from "node:test";

import { LoginSecret } from "#core/aleph/auth/login-secret.ts";

import { guestCookies } from "./guest-cookies.ts";

const login = new LoginSecret("sekret");

const KEPT: readonly (readonly [given: string, kept: readonly string[]])[] = [
  ["a=1; token=other;b=2", ["a=1; token=other;b=2"]],
  ["token=sekret", []],
  [`a=1; token=${login.cookie}; b=2`, ["a=1; b=2"]],
  [`token="${login.cookie}"`, []],
  ["alcove_session_8080=abc; a=1", ["a=1"]],
  ["alcove_session_8080=abc; token=sekret", []],
  ["my_alcove_session_8080=abc", ["my_alcove_session_8080=abc"]],
];

for (const [given, kept] of KEPT) {
  test(`cookies of a guest: of "${given}" it gets ${JSON.stringify(kept)}`, () => {
    assert.deepEqual(guestCookies([given], login), kept);
  });
}
