import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";

import type { FastifyInstance, InjectOptions } from "fastify";

import {
  ethereumWallet,
  shortLivedKey,
  signedParts,
  STOP_PATH,
  VM_HASH,
} from "#testing/aleph-signers.ts";
import { NODE_TOKEN, type SurfaceWorld, surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";

import { serve } from "../server.ts";
import { alephApplication } from "./application.ts";

const OWNER = ethereumWallet("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const STRANGER = ethereumWallet("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
const KEY = shortLivedKey();

interface Stage extends SurfaceWorld, AsyncDisposable {
  readonly app: FastifyInstance;
}

/** A node with one VM that runs. */
async function stage(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const world = surfaceWorld(env);
  world.views.set(VM_HASH, aView(VM_HASH, OWNER.address));
  const app = await alephApplication(world.parts);
  return { ...world, app, [Symbol.asyncDispose]: () => app.close() };
}

function signed(
  { clock }: SurfaceWorld,
  path: string,
  { wallet = OWNER, method = "POST" } = {},
): Record<string, string> {
  const { pubKey, operation } = signedParts({
    wallet,
    key: KEY,
    clock,
    operation: { path, method },
  });
  return {
    "x-signedpubkey": JSON.stringify(pubKey),
    "x-signedoperation": JSON.stringify(operation),
  };
}

async function ask(app: FastifyInstance, request: InjectOptions): Promise<readonly unknown[]> {
  const { statusCode, body } = await app.inject(request);
  return [statusCode, body];
}

const NOT_FOUND = '{"error": "404: Not Found"}';
const NO_REFERENCE = '{"error": "404: Invalid message reference"}';

const UNKNOWN: readonly (readonly [method: "GET" | "POST" | "PUT", url: string, body: string])[] = [
  ["GET", "/about/nothing", NOT_FOUND],
  ["GET", "/about/executions/list/", NOT_FOUND],
  ["GET", "/control/allocations", NOT_FOUND],
  ["GET", "/status/", NOT_FOUND],
  ["GET", "/about/%zz", NOT_FOUND],
  ["GET", `/control/machine//logs`, NOT_FOUND],
  ["POST", "/about/config", NO_REFERENCE],
  ["POST", "/control/nothing", NO_REFERENCE],
  ["PUT", "/control/allocations", NO_REFERENCE],
  ["GET", "/v2/about/executions", NO_REFERENCE],
  ["GET", "/debug/", NO_REFERENCE],
  ["POST", "/", NO_REFERENCE],
  ["GET", "/nothing?of=it", NO_REFERENCE],
];

for (const [method, url, body] of UNKNOWN) {
  test(`Aleph surface: ${method} ${url} is unknown, and never a wrong method`, async () => {
    await using it = await stage();
    const answer = await it.app.inject({ method, url, headers: { host: "crn.example.org" } });
    assert.deepEqual([answer.statusCode, answer.body], [404, body]);
    assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
    assert.equal(answer.headers["server"], "aleph-vm/1.13.0");
  });
}

test("Aleph surface: what is no HTTP at all is answered with the node's name, too", async () => {
  await using it = await stage();
  await using served = await serve(it.app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const socket = connect(served.port, "127.0.0.1");
  socket.write("nonsense\r\n\r\n");
  const [bytes] = await once(socket, "data");
  assert.match(String(bytes), /^HTTP\/1\.1 400 .*\r\nServer: aleph-vm\/1\.13\.0\r\n/s);
  socket.destroy();
});

test("Aleph surface: a request that names no host is answered like any other", async () => {
  await using it = await stage();
  await using served = await serve(it.app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const socket = connect(served.port, "127.0.0.1");
  socket.write("GET /about/nothing HTTP/1.1\r\n\r\n");
  const [bytes] = await once(socket, "data");
  assert.match(String(bytes), /^HTTP\/1\.1 404 .*\{"error": "404: Not Found"\}$/s);
  socket.destroy();
});

test("Aleph surface: the owner's checks come in their order, each with its words", async () => {
  await using it = await stage();
  const bad = "/control/machine/nonsense/stop";
  const gone = `/control/machine/${"ab".repeat(32)}/stop`;
  const post = (url: string, headers = {}) =>
    ask(it.app, { method: "POST", url, headers, payload: "ignored" });

  const missing = '{"error": "Missing X-SignedPubKey header"}';
  assert.deepEqual(await post(bad), [400, missing]);
  assert.deepEqual(await post(bad, signed(it, bad)), [400, `{"error": "Invalid ref: 'nonsense'"}`]);
  const unknown = `{"error": "No virtual machine with ref ${"ab".repeat(32)}"}`;
  assert.deepEqual(await post(gone, signed(it, gone)), [404, unknown]);
  const foreign = signed(it, STOP_PATH, { wallet: STRANGER });
  assert.deepEqual(await post(STOP_PATH, foreign), [403, "Unauthorized sender"]);
  assert.deepEqual(it.asked, []);
  const stopped = `Stopped VM with ref ${VM_HASH}`;
  assert.deepEqual(await post(STOP_PATH, signed(it, STOP_PATH)), [200, stopped]);
});

test("Aleph surface: an owner's refusal is plain text, and so is success", async () => {
  await using it = await stage();
  const foreign = signed(it, STOP_PATH, { wallet: STRANGER });
  const refused = await it.app.inject({ method: "POST", url: STOP_PATH, headers: foreign });
  const done = await it.app.inject({
    method: "POST",
    url: STOP_PATH,
    headers: { "x-auth-signature": NODE_TOKEN },
  });
  const text = "text/plain; charset=utf-8";
  assert.deepEqual([refused.headers["content-type"], done.headers["content-type"]], [text, text]);
});

test("Aleph surface: a delegate of the owner's may, one for other things may not", async () => {
  await using it = await stage();
  const delegate = { address: STRANGER.address.toUpperCase(), types: ["INSTANCE"] };
  it.aggregates.set(`${OWNER.address}/security`, { authorizations: [delegate] });
  const headers = signed(it, STOP_PATH, { wallet: STRANGER });
  const [status] = await ask(it.app, { method: "POST", url: STOP_PATH, headers });
  assert.equal(status, 200);
});

const LIFE: readonly (readonly [path: string, asked: string, words: string])[] = [
  ["erase", `erase ${VM_HASH}`, `Erased VM with ref ${VM_HASH}`],
  ["reboot", `reboot ${VM_HASH}`, `Rebooted VM with ref ${VM_HASH}`],
  ["reinstall", `reinstall ${VM_HASH} remove`, `Reinstalled VM with ref ${VM_HASH}`],
  [
    "reinstall?erase_volumes=false",
    `reinstall ${VM_HASH} keep`,
    `Reinstalled VM with ref ${VM_HASH}`,
  ],
  ["expire", `expire ${VM_HASH} 5`, `Expiring VM with ref ${VM_HASH} in 5.0 seconds`],
  ["expire?timeout=7.5", `expire ${VM_HASH} 7.5`, `Expiring VM with ref ${VM_HASH} in 7.5 seconds`],
];

for (const [path, asked, words] of LIFE) {
  test(`Aleph surface: the owner may ${path}`, async () => {
    await using it = await stage();
    const url = `/control/machine/${VM_HASH}/${path}`;
    const headers = signed(it, url.split("?")[0] ?? "");
    assert.deepEqual(await ask(it.app, { method: "POST", url, headers }), [200, words]);
    assert.deepEqual(it.asked, [asked]);
  });
}

const TIMEOUTS: readonly (readonly [payload: string, seconds: string | undefined])[] = [
  ['{"timeout": 10}', "10.0"],
  ["timeout=30", "30.0"],
  ["{}", "5.0"],
  ['{"timeout": 0}', undefined],
  ['{"timeout": 864000}', undefined],
  ['{"timeout": [5]}', undefined],
  ["timeout=soon", undefined],
  ["{", undefined],
];

for (const [payload, seconds] of TIMEOUTS) {
  test(`Aleph surface: a VM that is to expire with ${payload} ${seconds ? `does in ${seconds} s` : "is refused"}`, async () => {
    await using it = await stage();
    const url = `/control/machine/${VM_HASH}/expire`;
    const headers = { ...signed(it, url), "content-type": "what/ever" };
    const answer = await ask(it.app, { method: "POST", url, headers, payload });
    if (seconds === undefined)
      assert.deepEqual(answer, [400, '{"error": "Invalid timeout duration"}']);
    else assert.deepEqual(answer, [200, `Expiring VM with ref ${VM_HASH} in ${seconds} seconds`]);
  });
}

test("Aleph surface: the reference never let a VM expire, logged nobody in, and wrapped twice", async () => {
  await using it = await stage({ ALEPH_VM_STRICT_REFERENCE: "true" });
  const url = `/control/machine/${VM_HASH}/expire`;
  const get = (path: string) => ask(it.app, { method: "GET", url: path });
  const expired = await ask(it.app, { method: "POST", url, headers: signed(it, url) });
  assert.deepEqual(expired, [400, '{"error": "Invalid timeout duration"}']);
  assert.deepEqual(await get("/about/login?token=sekret"), [302, '{"error": "302: Found"}']);
  const twice = '{"error": "{\\"status\\": \\"no socket\\"}"}';
  assert.deepEqual(await get("/debug/haproxy"), [404, twice]);
});

test("Aleph surface: more than a mebibyte is refused with its size, and it is not read before the door", async () => {
  await using it = await stage();
  const url = "/control/allocations";
  const payload = "x".repeat(1_048_577);
  const headers = { "x-auth-signature": NODE_TOKEN };
  const words = '{"error": "Maximum request body size 1048576 exceeded, actual body size 1048577"}';
  assert.deepEqual(await ask(it.app, { method: "POST", url, headers, payload }), [413, words]);
  const refused = '{"error": "Authentication token received is invalid"}';
  assert.deepEqual(await ask(it.app, { method: "POST", url, payload }), [401, refused]);
});

test("Aleph surface: what is no JSON is said, also for allocations", async () => {
  const headers = { "x-auth-signature": NODE_TOKEN };
  for (const url of [
    "/control/allocations",
    "/control/allocation/notify",
    "/control/reserve_resources",
  ]) {
    await using it = await stage();
    for (const payload of ["", "{", '"\u0000', Buffer.from([0xff, 0xfe])])
      assert.deepEqual(await ask(it.app, { method: "POST", url, headers, payload }), [
        400,
        '{"error": "Body is not valid JSON"}',
      ]);
  }
});

test("Aleph surface: what is nested to exhaust the stack is refused, brackets in texts are none", async () => {
  await using it = await stage();
  const url = "/control/allocations";
  const headers = { "x-auth-signature": NODE_TOKEN };
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const words = '{"error": "Body is nested too deeply: at most 128 levels"}';
  assert.deepEqual(await ask(it.app, { method: "POST", url, headers, payload: deep }), [
    400,
    words,
  ]);
  const text = JSON.stringify({ jobs: null, note: `\\"${"[".repeat(1000)}` });
  assert.equal((await ask(it.app, { method: "POST", url, headers, payload: text }))[0], 200);
});

test("Aleph surface: the login has a form for people, and a cookie for who knows the secret", async () => {
  await using it = await stage();
  const wrong = { method: "GET", url: "/about/login?token=wrong" } as const;
  assert.deepEqual(await ask(it.app, wrong), [401, '{"success": false}']);
  const form = await it.app.inject({ ...wrong, headers: { accept: "text/html" } });
  assert.deepEqual(
    [form.statusCode, form.headers["content-type"]],
    [401, "text/html; charset=utf-8"],
  );
  const right = await it.app.inject({ method: "GET", url: "/about/login?token=sekret" });
  assert.deepEqual([right.statusCode, right.headers["location"]], [302, "/about/config"]);
  const set = String(right.headers["set-cookie"]);
  assert.equal(set, `token=${it.parts.login.cookie}; HttpOnly; SameSite=Lax; Path=/`);
  const config = { method: "GET", url: "/about/config" } as const;
  assert.deepEqual(await ask(it.app, config), [401, '{"error": "401 Invalid token"}']);
  for (const cookie of [set.split(";", 1)[0] ?? "", "token=sekret"])
    assert.equal((await ask(it.app, { ...config, headers: { cookie } }))[0], 200);
});

test("Aleph surface: a person who signs in lands on a page, without the secret in its address", async () => {
  await using it = await stage();
  const open = (token: string, headers: Record<string, string> = {}) =>
    it.app.inject({
      method: "GET",
      url: `/about/login${token}`,
      headers: { accept: "text/html,*/*", host: "crn.example.org", ...headers },
    });
  const right = await open("?token=sekret");
  assert.deepEqual([right.statusCode, right.headers["location"]], [302, "/about/login"]);
  const cookie = `token=${it.parts.login.cookie}`;
  const page = await open("", { cookie });
  assert.equal(page.statusCode, 200);
  assert.match(page.body, /You are signed in/);
  assert.equal((await open("", { cookie, origin: "https://vm.crn.example.org" })).statusCode, 401);
  const again = await open("?token=wrong", { cookie });
  assert.equal(again.statusCode, 401);
  assert.match(again.body, /role="alert"/);
  const policy = String(again.headers["content-security-policy"]);
  const style = /<style>(.*)<\/style>/s.exec(again.body)?.[1] ?? "";
  const digest = createHash("sha256").update(style).digest("base64");
  assert.ok(policy.includes(`style-src 'sha256-${digest}'`));
  assert.doesNotMatch(policy, /unsafe/);
});

test("Aleph surface: while the node drains, programs are not called and the node still speaks of itself", async () => {
  await using it = await stage();
  it.parts.draining.begin();
  const get = async (url: string, host: string) =>
    ask(it.app, { method: "GET", url, headers: { host } });
  const draining = [503, '{"error": "Server is draining, try another node"}'];
  assert.deepEqual(await get(`/vm/${VM_HASH}/`, "crn.example.org"), draining);
  assert.deepEqual(await get("/", "other.example.org:4020"), draining);
  assert.deepEqual(await get("/v2/about/executions/list", "other.example.org"), draining);
  assert.equal((await get("/v2/about/executions/list", "crn.example.org:4020"))[0], 200);
  assert.equal((await get("/about/executions/list", "other.example.org"))[0], 200);
});

test("Aleph surface: HEAD is answered wherever GET is, without a body", async () => {
  await using it = await stage();
  const answer = await it.app.inject({ method: "HEAD", url: "/about/executions/list" });
  assert.deepEqual([answer.statusCode, answer.body], [200, ""]);
  const unknown = await it.app.inject({ method: "HEAD", url: "/about/nothing" });
  assert.equal(unknown.statusCode, 404);
});

test("Aleph surface: lists of executions are spelled as the network's are", async () => {
  await using it = await stage();
  const [, first] = await ask(it.app, { method: "GET", url: "/about/executions/list" });
  assert.equal(
    first,
    `{"${VM_HASH}": {"networking": {"ipv4": "172.16.4.0/24", "ipv6": "fc00:1:2:3:3:deca:deca:dec0/124"}, "vm_type": "instance", "awaiting_confidential_init": false}}`,
  );
  const [, second] = await ask(it.app, { method: "GET", url: "/v2/about/executions/list" });
  assert.equal(
    second,
    `{"${VM_HASH}": {"networking": {"ipv4_network": "172.16.4.0/24", "host_ipv4": "203.0.113.7", "ipv6_network": "fc00:1:2:3:3:deca:deca:dec0/124", "ipv6_ip": "fc00:1:2:3:3:deca:deca:dec1", "ipv4_ip": "172.16.4.2", "mapped_ports": {"22": {"host": 24000, "tcp": true, "udp": false}}}, "status": {"defined_at": "2025-06-01 12:00:00+00:00", "preparing_at": "2025-06-01 12:00:00+00:00", "prepared_at": "2025-06-01 12:00:00+00:00", "starting_at": "2025-06-01 12:00:00+00:00", "started_at": "2025-06-01 12:00:02.500000+00:00", "stopping_at": null, "stopped_at": null}, "running": true, "awaiting_confidential_init": false, "vm_type": "instance"}}`,
  );
});

function journalEntry(stream: string, text: string): string {
  return `{"SYSLOG_IDENTIFIER": "vm-${VM_HASH}-${stream}", "MESSAGE": "${text}", "file": "${stream}", "__REALTIME_TIMESTAMP": "2020-10-12 01:02:03.004000+00:00"}`;
}

test("Aleph surface: logs are a list in journald's words, and empty when nothing was said", async () => {
  await using it = await stage();
  const url = `/control/machine/${VM_HASH}/logs`;
  const headers = signed(it, url, { method: "GET" });
  assert.deepEqual(await ask(it.app, { method: "GET", url, headers }), [200, "[]"]);
  const at = new Date("2020-10-12T01:02:03.004Z");
  it.lines.push({ at, stream: "stdout", text: "caf\u00e9" }, { at, stream: "stderr", text: "" });
  const body = `[${journalEntry("stdout", "caf\\u00e9")},\n${journalEntry("stderr", "")}]`;
  const answer = await it.app.inject({ method: "GET", url, headers });
  assert.deepEqual([answer.body, answer.headers["content-type"]], [body, "application/json"]);
});
