import assert from "node:assert/strict";
import { test } from "node:test";

import { LoginSecret } from "./login-secret.ts";

test("login: every run has a secret of its own, of 32 bytes", () => {
  const one = LoginSecret.random();
  assert.match(one.text, /^[A-Za-z0-9_-]{43}$/);
  assert.notEqual(one.text, LoginSecret.random().text);
});

test("login: the secret itself is admitted, and nothing else", () => {
  const secret = new LoginSecret("s3cret");
  assert.equal(secret.admits("s3cret"), true);
  for (const token of [undefined, "", "S3CRET", "s3cret ", "s3cre", "s3crets"])
    assert.equal(secret.admits(token), false);
});

test("login: what browsers get is as good in a cookie, and signs nothing", () => {
  const secret = new LoginSecret("s3cret");
  secret.demandCookie(`a=b; token=${secret.cookie}`);
  assert.equal(secret.admits(secret.cookie), false);
  assert.notEqual(secret.cookie, new LoginSecret("other").cookie);
});

test("login: an empty secret is no secret", () => {
  assert.throws(() => new LoginSecret(""), /empty/);
});

const secret = new LoginSecret("s3c=ret");

for (const cookies of [
  "token=s3c=ret",
  "a=b; token=s3c=ret",
  'token="s3c=ret"; c=d',
  " token = s3c=ret ;x",
  "token=other; token=s3c=ret",
]) {
  test(`login: the cookies "${cookies}" hold the secret`, () => secret.demandCookie(cookies));
}

for (const cookies of [
  undefined,
  "",
  "token=",
  "token",
  "token=s3c",
  "Token=s3c=ret",
  "xtoken=s3c=ret",
  "token=s3c=ret; token=other",
  'token="s3c=ret',
  "token=s3c=ret token=other",
]) {
  test(`login: the cookies "${String(cookies).slice(0, 40)}" do not hold the secret`, () => {
    const refused = { kind: "unauthorized", message: "401 Invalid token" };
    assert.throws(() => secret.demandCookie(cookies), refused);
  });
}
