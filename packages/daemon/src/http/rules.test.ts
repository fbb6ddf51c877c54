/** What holds for every endpoint: contract 1.1 to 1.3. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, test } from "node:test";

import type { FastifyPluginAsync } from "fastify";

import { RememberingLog } from "#testing/remembering-log.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, filled, shape } from "#testing/strict-json.ts";

import { tokenCheck } from "./auth.ts";
import { answerErrors } from "./errors.ts";
import { application, serve } from "./server.ts";

const ERROR = shape({ error: filled, code: filled });
const TOKEN = "t0ken";

const open = await SlicerApi.make();
const closed = await SlicerApi.make({ token: `  ${TOKEN}\n` });
after(() => Promise.all([open[Symbol.asyncDispose](), closed[Symbol.asyncDispose]()]));

const HOSTS: ReadonlyMap<string, number> = new Map([
  ["localhost:8080", 200],
  ["127.0.0.1:8080", 200],
  ["[::1]:8080", 200],
  ["unix", 200],
  ["alcove.localhost", 200],
  ["rebound.example", 403],
  ["rebound.example:8080", 403],
]);

const healthz: FastifyPluginAsync = async (app) => {
  answerErrors(app, new RememberingLog(), ({ message }) => message);
  app.get("/healthz", { config: { access: "open" } }, async () => "ok");
};

/** Requests that nobody could mind: the VM does not exist, and neither does the group. */
function lineOf({ method, url }: { method: string; url: string }): string {
  return `${method} ${url.replaceAll(":hostname", "none-1").replaceAll(":group", "none")}`;
}

const LINES = closed.routes.map((route) => ({ ...route, line: lineOf(route) }));
const GUARDED = LINES.filter(({ access }) => access !== "open");

test("rules: the router knows the routes that these tests are about", () => {
  const served = new Set(GUARDED.map(({ method, url }) => `${method} ${url}`));
  for (const line of [
    "GET /info",
    "GET /hostgroup",
    "GET /nodes",
    "GET /hostgroup/:group/nodes",
    "POST /hostgroup/:group/nodes",
    "DELETE /hostgroup/:group/nodes/:hostname",
    "GET /vm/:hostname/health",
    "HEAD /vm/:hostname/health",
    "GET /vm/:hostname/logs",
    "POST /vm/:hostname/cp",
    "GET /vm/:hostname/cp",
    "POST /vm/:hostname/exec",
    "GET /vm/:hostname/shell",
    "POST /vm/:hostname/shutdown",
    "POST /vm/:hostname/pause",
    "POST /vm/:hostname/resume",
  ]) {
    assert.ok(served.has(line), line);
  }
});

const REFUSALS: readonly (readonly [what: string, headers: Record<string, string>])[] = [
  ["no token", {}],
  ["a wrong token", { authorization: "Bearer t0keN" }],
  ["a longer token", { authorization: `Bearer ${TOKEN}x` }],
  ["an empty token", { authorization: "Bearer" }],
  ["another scheme", { authorization: `Basic ${TOKEN}` }],
  ["the token alone", { authorization: TOKEN }],
];

for (const [what, headers] of REFUSALS) {
  test(`auth: ${what} is 401 on every route`, async () => {
    for (const { line, method } of GUARDED) {
      const { status, text } = await closed.call(line, { headers });
      assert.deepEqual([line, status], [line, 401]);
      if (method === "HEAD") assert.equal(text, "");
      else assertStrict(text, ERROR);
    }
  });
}

for (const scheme of ["Bearer", "bearer", "BEARER  "]) {
  test(`auth: the right token opens every route (${scheme})`, async () => {
    const headers = { authorization: `${scheme} ${TOKEN} ` };
    for (const { line } of GUARDED) {
      const { status } = await closed.call(line, { headers });
      assert.notEqual(status, 401, line);
    }
  });
}

/** A browser that has not signed in must be able to. */
const FOR_ANYBODY = new Set(["/", "/healthz", "/ui", "/ui/*", "/v1/session"]);

test("auth: health, sign-in and the console's files need no token; what else is open, answers 405", async () => {
  const others = LINES.filter(({ access, url }) => access === "open" && !FOR_ANYBODY.has(url));
  for (const { line } of others) {
    assert.deepEqual([line, (await closed.call(line)).status], [line, 405]);
  }
  assert.equal((await closed.call("GET /healthz")).status, 200);
});

test("auth: whether a path exists is not told without a token", async () => {
  const { status, text } = await closed.call("GET /nothing/here");
  assert.equal(status, 401);
  assertStrict(text, ERROR);
});

for (const authorization of ["Bearer", "Bearer anything", "Basic eDp5", "nonsense"]) {
  test(`auth: when it is off, "${authorization}" is no error`, async () => {
    const { status } = await open.call("GET /nodes", { headers: { authorization } });
    assert.equal(status, 200);
  });
}

for (const [origin, status] of [
  ["http://evil.example", 403],
  ["null", 403],
  ["http://localhost:8080", 200],
] as const) {
  test(`auth: when it is off, a page of ${origin} gets ${status}`, async () => {
    const headers = { origin, host: "localhost:8080" };
    assert.equal((await open.call("GET /nodes", { headers })).status, status);
  });
}

test("auth: when it is off, a name with a dot is not ours on loopback", async () => {
  const app = await application([healthz], undefined);
  await using served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const answers = [];
  for (const host of HOSTS.keys()) {
    const call = request({ port: served.port, path: "/healthz", headers: { host }, agent: false });
    const [response] = await once(call.end(), "response");
    response.resume();
    answers.push([host, response.statusCode]);
  }
  assert.deepEqual(answers, [...HOSTS]);
});

test("rules: a path that is no percent-encoding is refused in our words", async () => {
  const { status, text } = await open.call("GET /vm/%zz/health");
  assert.equal(status, 400);
  assertStrict(text, ERROR);
});

test("auth: a route that does not say who may call it is refused at start", async () => {
  const starting = application(
    [async (app) => void app.get("/secret", async () => "x")],
    undefined,
  );
  await assert.rejects(starting, /GET \/secret does not say who may call it/);
});

test("auth: a token is compared without its surrounding white space, and wholly", () => {
  const check = tokenCheck(" abc\n");
  assert.deepEqual(["abc", "abc ", "ab", "abcd", "", "ABC"].map(check), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

const UNKNOWN = [
  "GET /",
  "GET /nodes/",
  "POST /hostgroup/sbox/nodes/",
  "GET /info/",
  "GET //nodes",
  "GET /vm",
  "GET /vm/none-1/nothing",
  "GET /NODES",
  "GET /nodes%2F",
] as const;

for (const line of UNKNOWN) {
  test(`rules: ${line} is 404 in JSON, never a redirect`, async () => {
    const { status, type, text } = await open.call(line);
    assert.deepEqual([status, type], [404, "application/json; charset=utf-8"]);
    assertStrict(text, ERROR);
  });
}

test("rules: a name that is too long for any is 404", async () => {
  const { status, text } = await open.call(`GET /vm/${"x".repeat(2_000)}`);
  assert.equal(status, 404);
  assertStrict(text, ERROR);
});

test("rules: a wrong method on every path is 405 and says which are allowed", async () => {
  const byUrl = Map.groupBy(GUARDED, ({ url }) => url);
  for (const [url, routes] of byUrl) {
    const allowed = routes.map(({ method }) => method).toSorted();
    for (const method of ["PUT", "PATCH", "DELETE", "POST", "GET", "HEAD", "OPTIONS"]) {
      if (allowed.includes(method)) continue;
      const line = lineOf({ method, url });
      const { status, headers, text } = await open.call(line);
      assert.deepEqual([line, status, headers["allow"]], [line, 405, allowed.join(", ")]);
      if (method !== "HEAD") assertStrict(text, ERROR);
    }
  }
});

test("rules: nothing is compressed, even when it is asked for", async () => {
  const headers = { "accept-encoding": "gzip, br" };
  const answer = await open.call("GET /hostgroup", { headers });
  assert.equal(answer.headers["content-encoding"], undefined);
});

test("rules: any Host will do, as clients of a Unix socket send what they like", async () => {
  for (const host of ["unix", "localhost", "example.com:1"]) {
    assert.equal((await open.call("GET /info", { headers: { host } })).status, 200);
  }
});

test("rules: a host name may come percent-encoded", async () => {
  const hostname = await open.vm();
  const encoded = hostname.replace("-", "%2D");
  assert.equal((await open.call(`GET /vm/${encoded}/health`)).status, 200);
});

test("rules: what goes wrong inside is 500 and tells nothing of it; the log has it", async () => {
  const broken = await SlicerApi.make();
  broken.host.db.exec(
    "CREATE TRIGGER full BEFORE INSERT ON vm BEGIN SELECT RAISE(ABORT, '/secret/path'); END",
  );
  const { status, text } = await broken.call("POST /hostgroup/sbox/nodes");
  assert.equal(status, 500);
  assertStrict(text, ERROR);
  assert.doesNotMatch(text, /secret/);
  assert.deepEqual(broken.host.log.troubles(), ["http.failed"]);
  await broken[Symbol.asyncDispose]();
});

test("rules: queries stay out of the log", async () => {
  await open.call("POST /vm/none-1/exec?cmd=true&env=PASSWORD%3Dhunter2");
  assert.doesNotMatch(JSON.stringify(open.host.log.lines), /hunter2/);
});
