/**
 * Who may call what: every kind of page, each way to ask, with every credential. The rules stand here once more, in
 * words of their own.
 */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, test } from "node:test";
import { text } from "node:stream/consumers";

import { SignInStage, STAGE_COOKIE, STAGE_HOST, STAGE_TOKEN } from "#testing/sign-in-stage.ts";

import { serve } from "./server.ts";

const stage = await SignInStage.open();
const served = await serve(stage.app, { kind: "tcp", address: "127.0.0.1", port: 0 });
after(async () => {
  await served[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

/** Where a page may come from, as its browser says: and whether that is our own. */
const ORIGINS: readonly (readonly [what: string, origin: string | undefined, own: boolean])[] = [
  ["no origin", undefined, true],
  ["our page", `http://${STAGE_HOST}`, true],
  ["our page, behind somebody's TLS", `https://${STAGE_HOST}`, true],
  ["a guest's page on another port", "http://localhost:9000", false],
  ["the usual port of our name", "http://localhost", false],
  ["our port of another name", "http://127.0.0.1:8080", false],
  ["a page elsewhere", "https://evil.example", false],
  ["a name that begins as ours", `http://${STAGE_HOST}.evil.example`, false],
  ["a page without an origin", "null", false],
  ["a file", "file://", false],
  ["an extension", `chrome-extension://${STAGE_HOST}`, false],
  ["nonsense", "localhost:8080", false],
];

const SITES: readonly (readonly [site: string | undefined, own: boolean])[] = [
  [undefined, true],
  ["same-origin", true],
  ["none", true],
  ["same-site", false],
  ["cross-site", false],
  ["something new", false],
];

const WAYS = ["GET /thing", "HEAD /thing", "POST /thing", "DELETE /thing", "WS /socket"] as const;
type Way = (typeof WAYS)[number];
const READS: readonly string[] = ["GET /thing", "HEAD /thing"];

type Headers = Record<string, string>;

/** Everything that a browser can be made to say with a credential. */
function* pages() {
  for (const [what, origin, isOwn] of ORIGINS) {
    for (const [site, isOwnSite] of SITES) {
      const headers: Headers = {
        ...(origin === undefined ? {} : { origin }),
        ...(site === undefined ? {} : { "sec-fetch-site": site }),
      };
      yield {
        what: `${what}, ${site}`,
        headers,
        hasOrigin: origin !== undefined,
        isOurs: isOwn && isOwnSite,
      };
    }
  }
}

/** @returns the status, 101 where a WebSocket is opened */
async function ask(way: Way, headers: Headers): Promise<number> {
  if (way !== "WS /socket") return (await stage.call(way, { headers })).status;
  const socket = connect(served.port, "127.0.0.1");
  const lines = [
    "GET /socket HTTP/1.1",
    `Host: ${STAGE_HOST}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: BwcHBwcHBwcHBwcHBwcHBw==",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await text(socket))?.[1]);
}

/** An endless answer by the listener's own address, which the cookie's name goes with. */
async function follow(cookie: string): Promise<Response> {
  const headers = { cookie: cookie.replace("8080", String(served.port)) };
  return await fetch(`http://127.0.0.1:${served.port}/stream`, { headers });
}

const DONE: Record<Way, number> = {
  "GET /thing": 200,
  "HEAD /thing": 200,
  "POST /thing": 200,
  "DELETE /thing": 200,
  "WS /socket": 101,
};

for (const way of WAYS) {
  test(`auth: ${way} with a session is for our own page alone`, async () => {
    const cookie = await stage.signedIn();
    for (const { what, headers, hasOrigin, isOurs } of pages()) {
      const mayBeSilent = READS.includes(way);
      const status = await ask(way, { ...headers, ...cookie });
      assert.equal(status, isOurs && (hasOrigin || mayBeSilent) ? DONE[way] : 403, what);
    }
  });

  test(`auth: ${way} with the token is for whoever has it, and a cookie beside it counts for nothing`, async () => {
    const cookie = await stage.signedIn();
    const right = { authorization: `Bearer ${STAGE_TOKEN}` };
    for (const { what, headers } of pages()) {
      assert.equal(await ask(way, { ...headers, ...right }), DONE[way], what);
      assert.equal(
        await ask(way, { ...headers, ...right, cookie: `${STAGE_COOKIE}=x` }),
        DONE[way],
      );
      assert.equal(await ask(way, { ...headers, ...cookie, authorization: "Bearer x" }), 401);
    }
  });

  test(`auth: ${way} with neither is for nobody`, async () => {
    for (const { what, headers } of pages()) assert.equal(await ask(way, headers), 401, what);
  });
}

test("auth: signing out cuts off what streams in that session", async () => {
  const [mine, others] = [await stage.signedIn(), await stage.signedIn()];
  const [stream, other] = await Promise.all([follow(mine.cookie), follow(others.cookie)]);
  const out = { ...mine, origin: `http://${STAGE_HOST}` };
  assert.equal((await stage.call("DELETE /v1/session", { headers: out })).status, 204);
  await assert.rejects(stream.text());
  const reader = other.body?.getReader();
  assert.equal((await reader?.read())?.done, false);
  await reader?.cancel();
});

test("auth: of a page that is not ours nothing is said about the session", async () => {
  const headers = { origin: "http://localhost:9000" };
  const [id, other] = [await stage.signedIn(), { cookie: `${STAGE_COOKIE}=${"A".repeat(43)}` }];
  const answers = [id, other].map((cookie) =>
    stage.call("GET /thing", { headers: { ...headers, ...cookie } }),
  );
  const [real, made] = await Promise.all(answers);
  assert.deepEqual([real?.status, real?.text], [403, made?.text]);
});

test("auth: a host's name counts whatever its case, and with its usual port or without", async () => {
  const { cookie } = await stage.signedIn();
  const value = cookie.split("=")[1];
  const same: readonly (readonly [host: string, origin: string, name: string])[] = [
    ["LOCALHOST:8080", "http://localhost:8080", "alcove_session_8080"],
    ["console.example", "https://console.example", "alcove_session"],
    ["console.example:443", "https://console.example", "alcove_session_443"],
    ["[::1]:8080", "http://[::1]:8080", "alcove_session_8080"],
  ];
  for (const [host, origin, name] of same) {
    const headers = { host, origin, cookie: `${name}=${value}` };
    assert.equal((await stage.call("POST /thing", { headers })).status, 200, host);
  }
});

test("auth: answers to a browser are no pages, are not kept, and are nobody else's to take in", async () => {
  const { headers } = await stage.call("GET /thing", { headers: await stage.signedIn() });
  assert.equal(headers["cache-control"], "no-store");
  assert.match(String(headers["content-security-policy"]), /default-src 'none'.*sandbox/);
  assert.equal(headers["cross-origin-resource-policy"], "same-origin");
  assert.equal(headers["x-content-type-options"], "nosniff");
  await using open = await SignInStage.open({ auth: "off" });
  const unasked = await open.call("GET /thing");
  assert.match(String(unasked.headers["content-security-policy"]), /default-src 'none'.*sandbox/);
  assert.equal(unasked.headers["cross-origin-resource-policy"], "same-origin");
  const bearer = await stage.call("GET /thing", {
    headers: { authorization: `Bearer ${STAGE_TOKEN}` },
  });
  assert.equal(bearer.headers["cache-control"], undefined);
});

test("auth: without a token at all, pages of others are refused, and may be linked from", async () => {
  await using open = await SignInStage.open({ auth: "off" });
  for (const { what, headers, isOurs } of pages()) {
    for (const line of ["GET /thing", "POST /thing"]) {
      assert.equal((await open.call(line, { headers })).status, isOurs ? 200 : 403, what);
    }
  }
  const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  assert.equal((await open.call("GET /v1/session", { headers: link })).status, 200);
  assert.equal((await open.call("GET /thing", { headers: link })).status, 403);
});
