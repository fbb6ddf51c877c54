/** The host's node for its operator: who sees what, every route as everybody who may come. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { StartError } from "#core/aleph/execution/start-error.ts";
import { alephAtHost } from "#testing/aleph-at-host.ts";
import { type SurfaceWorld, surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const HASH = "deca".repeat(16);
const UNKNOWN = "beef".repeat(16);
const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const TOKEN = "token-of-this-host";
/** what only the operator may read */
const SAID = "the owner's own words";

interface Stage extends AsyncDisposable {
  readonly api: SlicerApi;
  readonly world: SurfaceWorld;
}

async function stage(different: { readonly reboot?: () => Promise<never> } = {}): Promise<Stage> {
  const world = surfaceWorld();
  world.views.set(HASH, aView(HASH, OWNER));
  world.lines.push({ at: new Date("2025-06-01T12:00:03Z"), stream: "stdout", text: SAID });
  const executions = { ...world.parts.executions, ...different };
  const api = await SlicerApi.make({ token: TOKEN, aleph: alephAtHost(world, { executions }) });
  return { api, world, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

const AT = `/v1/aleph/executions/${HASH}`;

/** Every route: who gets an answer, and what it is then. */
const ROUTES: readonly (readonly [line: string, who: "host" | "operator", status: number])[] = [
  ["GET /v1/aleph", "host", 200],
  ["GET /v1/aleph/usage", "host", 200],
  ["GET /v1/aleph/executions", "host", 200],
  ["GET /v1/aleph/checks/host", "host", 200],
  ["GET /v1/aleph/openapi.json", "host", 200],
  ["DELETE /v1/aleph/operator", "host", 204],
  ["GET /v1/aleph/config", "operator", 200],
  [`GET ${AT}`, "operator", 200],
  [`POST ${AT}/stop`, "operator", 200],
  [`POST ${AT}/reboot`, "operator", 200],
  [`POST ${AT}/erase`, "operator", 200],
];

type Headers = Readonly<Record<string, string>>;
type Role = (world: SurfaceWorld) => Headers;

const BEARER = { authorization: `Bearer ${TOKEN}`, host: "127.0.0.1:8080" };

function cookieOf({ parts }: SurfaceWorld): string {
  return `token=${parts.login.cookie}`;
}

const ROLES: Readonly<Record<string, readonly [role: Role, is: "nobody" | "host" | "operator"]>> = {
  "nobody at all": [() => ({}), "nobody"],
  "the node's cookie alone": [(world) => ({ cookie: cookieOf(world) }), "nobody"],
  "a wrong token": [() => ({ authorization: "Bearer other" }), "nobody"],
  "the host's token": [() => BEARER, "host"],
  "the host's token and a wrong cookie": [() => ({ ...BEARER, cookie: "token=other" }), "host"],
  "the host's token in the cookie": [() => ({ ...BEARER, cookie: `token=${TOKEN}` }), "host"],
  "token and cookie": [(world) => ({ ...BEARER, cookie: cookieOf(world) }), "operator"],
  "token and the node's secret itself": [
    ({ parts }) => ({ ...BEARER, cookie: `token=${parts.login.text}` }),
    "operator",
  ],
};

for (const [name, [role, is]] of Object.entries(ROLES)) {
  test(`Aleph node of the host: ${name} gets what belongs to ${is}`, async () => {
    await using it = await stage();
    const headers = role(it.world);
    for (const [line, who, status] of ROUTES) {
      const answer = await it.api.call(line, { headers });
      const isAdmitted = is === "operator" || is === who;
      assert.equal(answer.status, isAdmitted ? status : 401, line);
      if (isAdmitted) continue;
      assert.deepEqual(JSON.parse(answer.text).code, "unauthenticated");
      assert.doesNotMatch(answer.text, new RegExp(SAID));
    }
    const done = [`stop ${HASH}`, `reboot ${HASH}`, `erase ${HASH}`];
    assert.deepEqual(it.world.asked, is === "operator" ? done : []);
  });
}

for (const [page, headers] of Object.entries({
  "another origin": { origin: "http://127.0.0.1:9000" },
  "another port of the host": { "sec-fetch-site": "same-site" },
})) {
  test(`Aleph node of the host: a page of ${page} does nothing with the operator's cookie`, async () => {
    await using it = await stage();
    const all = { ...BEARER, cookie: cookieOf(it.world), ...headers };
    const lines = ROUTES.filter(([, who]) => who === "operator").map(([line]) => line);
    for (const line of lines) {
      const { status, text } = await it.api.call(line, { headers: all });
      assert.deepEqual([status, JSON.parse(text).code], [403, "foreign_origin"], line);
    }
    const body = JSON.stringify({ token: it.world.parts.login.text });
    const signIn = await it.api.call("POST /v1/aleph/operator", { headers: all, body });
    assert.equal(signIn.status, 403);
    assert.deepEqual(it.world.asked, []);
  });
}

test("Aleph node of the host: what the host's token shows has no owner and no message in it", async () => {
  await using it = await stage();
  for (const line of ["GET /v1/aleph", "GET /v1/aleph/executions"]) {
    const { text } = await it.api.call(line, { headers: BEARER });
    assert.doesNotMatch(text, new RegExp(`${OWNER}|${SAID}|sekret`, "i"));
  }
  const { text } = await it.api.call("GET /v1/aleph/executions", { headers: BEARER });
  assert.deepEqual(JSON.parse(text), [
    {
      hash: HASH,
      type: "instance",
      state: "running",
      running: true,
      awaiting_confidential_init: false,
      times: {
        defined: "2025-06-01T12:00:00.000Z",
        preparing: "2025-06-01T12:00:00.000Z",
        prepared: "2025-06-01T12:00:00.000Z",
        starting: "2025-06-01T12:00:00.000Z",
        started: "2025-06-01T12:00:02.500Z",
      },
      network: {
        ipv4: "172.16.4.2",
        ipv4_network: "172.16.4.0/24",
        ipv6: "fc00:1:2:3:3:deca:deca:dec1",
        ipv6_network: "fc00:1:2:3:3:deca:deca:dec0/124",
        host_ipv4: "203.0.113.7",
      },
      ports: [{ vm_port: 22, host_port: 24_000, tcp: true, udp: false }],
      vcpus: 1,
      memory_bytes: 268_435_456,
    },
  ]);
});

test("Aleph node of the host: its secret becomes a cookie, and signing out clears it", async () => {
  await using it = await stage();
  const signIn = (token: string) => {
    const call = { headers: BEARER, body: JSON.stringify({ token }) };
    return it.api.call("POST /v1/aleph/operator", call);
  };
  const wrong = await signIn(TOKEN);
  assert.deepEqual([wrong.status, wrong.headers["set-cookie"]], [401, undefined]);
  const right = await signIn(`${it.world.parts.login.text}\n`);
  assert.equal(right.status, 204);
  const cookie = `${cookieOf(it.world)}; HttpOnly; SameSite=Strict; Path=/`;
  assert.equal(right.headers["set-cookie"], cookie);
  const headers = { ...BEARER, cookie: cookieOf(it.world) };
  assert.equal(JSON.parse((await it.api.call("GET /v1/aleph", { headers })).text).operator, true);
  const out = await it.api.call("DELETE /v1/aleph/operator", { headers });
  assert.match(String(out.headers["set-cookie"]), /^token=; .*Max-Age=0/);
});

test("Aleph node of the host: the operator sees whose it is, what it has said, and what may be done", async () => {
  await using it = await stage();
  const headers = { ...BEARER, cookie: cookieOf(it.world) };
  const { text } = await it.api.call(`GET ${AT}`, { headers });
  const { owner, log, history, actions } = JSON.parse(text);
  assert.deepEqual(
    { owner, log, actions, runs: history.length },
    {
      owner: OWNER,
      log: [{ at: "2025-06-01T12:00:03.000Z", stream: "stdout", text: SAID }],
      actions: ["stop", "reboot", "erase"],
      runs: 1,
    },
  );
  for (const line of [`GET /v1/aleph/executions/${UNKNOWN}`, "POST /v1/aleph/executions/x/stop"]) {
    const answer = await it.api.call(line, { headers });
    const { code } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, code], [404, "execution_not_found"]);
  }
});

async function noImage(): Promise<never> {
  throw new StartError("ResourceDownloadError", "No such image");
}

test("Aleph node of the host: what the node does not do is answered in its own words", async () => {
  await using it = await stage({ reboot: noImage });
  const headers = { ...BEARER, cookie: cookieOf(it.world) };
  const { status, text } = await it.api.call(`POST ${AT}/reboot`, { headers });
  const error = "The node does not reboot it: No such image";
  assert.deepEqual([status, JSON.parse(text)], [409, { error, code: "execution_refused" }]);
});

test("Aleph node of the host: a host that is none says how to make it one", async () => {
  await using api = await SlicerApi.make();
  const shown = JSON.parse((await api.call("GET /v1/aleph")).text);
  assert.equal(shown.on, false);
  assert.match(shown.how_to, /ALCOVE_ALEPH=on/);
  for (const [line, who] of ROUTES.slice(1)) {
    if (line.startsWith("DELETE")) continue;
    const { status, text } = await api.call(line);
    assert.deepEqual([status, JSON.parse(text).code, who], [404, "aleph_off", who]);
  }
});
