/** Signing in, staying in, and being out, over HTTP. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  asyncProperty,
  assert as assertProperty,
  constantFrom,
  oneof,
  string,
  stringMatching,
} from "fast-check";

import { SESSION_IDLE_MS, SESSION_MAX_MS } from "#core/session/sessions.ts";
import { CODE_MS } from "#core/session/sign-in-codes.ts";
import { SignInStage, STAGE_COOKIE, STAGE_TOKEN } from "#testing/sign-in-stage.ts";

const BEARER = { authorization: `Bearer ${STAGE_TOKEN}` };
const OWN = { origin: "http://localhost:8080" };
const HOUR_MS = 3_600_000;

/** What is in a session's answer, and whether the things behind it can be had. */
async function standing(stage: SignInStage, headers: Record<string, string>) {
  const { text, cookie } = await stage.call("GET /v1/session", { headers });
  const { signed_in: isIn } = JSON.parse(text);
  return { isIn, status: (await stage.call("GET /thing", { headers })).status, cookie };
}

test("session: the token for a cookie, the cookie for everything", async () => {
  await using stage = await SignInStage.open();
  const before = await stage.call("GET /v1/session");
  assert.deepEqual(JSON.parse(before.text), { sign_in: "needed", signed_in: false });
  const body = { token: ` ${STAGE_TOKEN}\n` };
  const { status, text, cookie, headers } = await stage.call("POST /v1/session", { body });
  assert.equal(status, 200);
  const attributes = `${STAGE_COOKIE}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200`;
  assert.match(cookie ?? "", new RegExp(`^${attributes}$`));
  assert.equal(headers["cache-control"], "no-store");
  const session = JSON.parse(text);
  assert.equal(session.signed_in, true);
  const left = Date.parse(session.expires_at) - stage.clock.now().getTime();
  assert.ok(left > SESSION_IDLE_MS - 5_000 && left <= SESSION_IDLE_MS);
  assert.doesNotMatch(text, /[\w-]{43}/); // the id is the browser's alone
  const kept = { cookie: cookie?.split(";", 1)[0] ?? "" };
  assert.deepEqual(await standing(stage, kept), { isIn: true, status: 200, cookie: undefined });
});

test("session: a page that came by https gets a cookie that goes by https alone", async () => {
  await using stage = await SignInStage.open();
  const headers = { host: "console.example", origin: "https://console.example" };
  const { cookie } = await stage.call("POST /v1/session", {
    headers,
    body: { token: STAGE_TOKEN },
  });
  assert.match(cookie ?? "", /^alcove_session=.*; Secure$/);
  const said = { ...headers, origin: "http://console.example", "x-forwarded-proto": "https" };
  const other = await stage.call("POST /v1/session", {
    headers: said,
    body: { token: STAGE_TOKEN },
  });
  assert.doesNotMatch(other.cookie ?? "", /Secure/);
});

const WRONG: readonly (readonly [body: object, status: number])[] = [
  [{ token: "x" }, 401],
  [{ token: "" }, 401],
  [{ code: "x" }, 401],
  [{}, 400],
  [{ token: STAGE_TOKEN, code: "x" }, 400],
  [{ token: 1 }, 400],
];

for (const [body, status] of WRONG) {
  test(`session: ${JSON.stringify(body)} is ${status}, and no session`, async () => {
    await using stage = await SignInStage.open();
    const answer = await stage.call("POST /v1/session", { body });
    assert.deepEqual([answer.status, answer.cookie], [status, undefined]);
    assert.equal(
      JSON.parse(answer.text).code,
      status === 401 ? "unauthenticated" : "invalid_request",
    );
  });
}

test("session: a code signs in once, and not after ten minutes", async () => {
  await using stage = await SignInStage.open();
  assert.equal((await stage.call("POST /v1/session/codes")).status, 401);
  const made = [];
  for (let n = 0; n < 2; n += 1) {
    const { status, text } = await stage.call("POST /v1/session/codes", { headers: BEARER });
    assert.equal(status, 201);
    made.push(JSON.parse(text).code);
  }
  const [first, second] = made;
  const use = async (code: unknown) =>
    (await stage.call("POST /v1/session", { body: { code } })).status;
  assert.deepEqual([await use(first), await use(first)], [200, 401]);
  stage.clock.advance(CODE_MS);
  assert.equal(await use(second), 401);
});

test("session: who is signed in can make a code for another browser", async () => {
  await using stage = await SignInStage.open();
  const headers = { ...(await stage.signedIn()), ...OWN };
  assert.equal((await stage.call("POST /v1/session/codes", { headers })).status, 201);
});

test("session: signing out ends it for whoever has the cookie, and says so", async () => {
  await using stage = await SignInStage.open();
  const kept = await stage.signedIn();
  const out = await stage.call("DELETE /v1/session", { headers: { ...kept, ...OWN } });
  assert.deepEqual([out.status, out.text], [204, ""]);
  assert.match(out.cookie ?? "", new RegExp(`^${STAGE_COOKIE}=; .*Max-Age=0$`));
  const { status, text } = await stage.call("GET /thing", { headers: kept });
  assert.equal(status, 401);
  assert.match(JSON.parse(text).error, /has ended: sign in again/);
  assert.equal((await stage.call("DELETE /v1/session")).status, 204); // harmless without one
});

test("session: signing in again ends the session before", async () => {
  await using stage = await SignInStage.open();
  const before = await stage.signedIn();
  const body = { token: STAGE_TOKEN };
  await stage.call("POST /v1/session", { body, headers: { ...before, ...OWN } });
  assert.equal((await stage.call("GET /thing", { headers: before })).status, 401);
});

test("session: pages of others neither sign in, nor out, nor ask", async () => {
  await using stage = await SignInStage.open();
  const kept = await stage.signedIn();
  for (const page of [{ origin: "http://localhost:9000" }, { "sec-fetch-site": "same-site" }]) {
    const body = { token: STAGE_TOKEN };
    const headers = { ...kept, ...page };
    for (const line of ["POST /v1/session", "DELETE /v1/session", "GET /v1/session"]) {
      const call = line.startsWith("POST") ? { headers, body } : { headers };
      const { status, cookie } = await stage.call(line, call);
      assert.deepEqual([line, status, cookie], [line, 403, undefined]);
    }
  }
  assert.equal((await stage.call("GET /thing", { headers: kept })).status, 200);
});

test("session: it ends when it is not used, goes on when it is, and ends after a week", async () => {
  await using stage = await SignInStage.open();
  const [unused, used] = [await stage.signedIn(), await stage.signedIn()];
  stage.clock.advance(5 * HOUR_MS);
  assert.equal((await standing(stage, used)).cookie, undefined); // not half of its time yet
  stage.clock.advance(-5 * HOUR_MS);
  for (let hours = 7; hours < SESSION_MAX_MS / HOUR_MS; hours += 7) {
    stage.clock.advance(7 * HOUR_MS);
    const { isIn, status, cookie } = await standing(stage, used);
    assert.deepEqual([isIn, status], [true, 200], `after ${hours} hours`);
    assert.match(cookie ?? "", new RegExp(`^${used.cookie}; HttpOnly.*Max-Age=\\d+$`));
  }
  assert.deepEqual(await standing(stage, unused), { isIn: false, status: 401, cookie: undefined });
  stage.clock.advance(7 * HOUR_MS);
  assert.deepEqual(await standing(stage, used), { isIn: false, status: 401, cookie: undefined });
});

test("session: what was opened over loopback is good there alone, and the other way round", async () => {
  await using stage = await SignInStage.open();
  const near = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);
  const places = [...near, "192.0.2.7", "10.233.0.4"];
  for (const opened of places) {
    const headers = await stage.signedIn(opened);
    for (const from of places) {
      const { status } = await stage.call("GET /thing", { headers, from });
      assert.equal(status, near.has(opened) === near.has(from) ? 200 : 401, `${opened} → ${from}`);
    }
  }
});

test("session: the next daemon knows it, unless the token is another", async () => {
  await using stage = await SignInStage.open();
  const headers = await stage.signedIn();
  const next = await SignInStage.open({ db: stage.db });
  assert.equal((await next.call("GET /thing", { headers })).status, 200);
  const other = await SignInStage.open({ db: stage.db, token: "another" });
  assert.equal((await other.call("GET /thing", { headers })).status, 401);
  const rows = JSON.stringify(stage.db.prepare("SELECT * FROM session").all());
  assert.ok(!rows.includes(headers.cookie.split("=")[1] ?? "?"), "the id itself is stored");
  await Promise.all([next.app.close(), other.app.close()]);
});

test("session: where nobody needs a token, nobody needs one, and gets none", async () => {
  await using stage = await SignInStage.open({ auth: "off" });
  for (const call of [
    stage.call("GET /v1/session"),
    stage.call("POST /v1/session", { body: {} }),
  ]) {
    const { status, text, cookie } = await call;
    const { sign_in: need, signed_in: isIn } = JSON.parse(text);
    assert.deepEqual([status, need, isIn, cookie], [200, "not_needed", true, undefined]);
  }
});

test("session: whoever sends the token is told that it is right", async () => {
  await using stage = await SignInStage.open();
  const said = async (authorization: string) =>
    JSON.parse((await stage.call("GET /v1/session", { headers: { authorization } })).text)
      .signed_in;
  assert.deepEqual([await said(BEARER.authorization), await said("Bearer x")], [true, false]);
});

test("session: cookies of others beside ours do not hide it", async () => {
  await using stage = await SignInStage.open();
  const { cookie } = await stage.signedIn();
  const fake = `${STAGE_COOKIE}=${"A".repeat(43)}`;
  for (const line of [
    `a=b; ${cookie}`,
    `${fake}; ${cookie};c=d`,
    `${STAGE_COOKIE}=; ;; ${cookie}`,
  ]) {
    assert.equal((await stage.call("GET /thing", { headers: { cookie: line } })).status, 200, line);
  }
  const flood = `${Array.from({ length: 150 }, () => fake).join("; ")}; ${cookie}`;
  assert.equal((await stage.call("GET /thing", { headers: { cookie: flood } })).status, 200);
});

test("session: a damaged cookie is no session, whatever was done to it", async () => {
  await using stage = await SignInStage.open();
  const { cookie } = await stage.signedIn();
  const damaged = oneof(
    string({ unit: "binary-ascii" }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, "?")),
    stringMatching(/^[\w-]{43}$/).map((id) => `${STAGE_COOKIE}=${id}`),
    constantFrom(...Array.from(cookie, (_, at) => `${cookie.slice(0, at)}${cookie.slice(at + 1)}`)),
    constantFrom(`${cookie}x`, cookie.toUpperCase(), cookie.replace("8080", "8081"), `${cookie}"`),
  ).filter((text) => text !== cookie);
  await assertProperty(
    asyncProperty(damaged, async (text) => {
      assert.equal((await stage.call("GET /thing", { headers: { cookie: text } })).status, 401);
    }),
  );
});
