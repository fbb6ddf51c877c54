import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";

import {
  ethereumWallet,
  shortLivedKey,
  signedParts,
  type SignedParts,
  VM_HASH,
} from "#testing/aleph-signers.ts";
import { NODE_TOKEN, type SurfaceWorld, surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";

import { serve } from "../server.ts";
import { alephApplication } from "./application.ts";
import { MAX_WATCHERS_PER_VM, Watchers } from "./watchers.ts";

const OWNER = ethereumWallet("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const STRANGER = ethereumWallet("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
const KEY = shortLivedKey();
const PATH = `/control/machine/${VM_HASH}/stream_logs`;
const ORIGIN = "https://app.example.org";

interface Stage extends SurfaceWorld, AsyncDisposable {
  readonly port: number;
}

async function stage(): Promise<Stage> {
  const world = surfaceWorld();
  world.views.set(VM_HASH, aView(VM_HASH, OWNER.address));
  const at = new Date("2025-06-01T12:00:00Z");
  world.lines.push({ at, stream: "stdout", text: "one" }, { at, stream: "stderr", text: "two" });
  const app = await alephApplication(world.parts);
  const served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  return {
    ...world,
    port: served.port,
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

function parts({ clock }: SurfaceWorld, changes: object = {}, wallet = OWNER): SignedParts {
  const operation = { path: PATH, method: "GET", ...changes };
  return signedParts({ wallet, key: KEY, clock, operation });
}

function frame({ pubKey, operation }: SignedParts): string {
  return JSON.stringify({ auth: { "X-SignedPubKey": pubKey, "X-SignedOperation": operation } });
}

/** What the node sends after the first message, and how it closes. */
async function talk(port: number, first: string | Uint8Array): Promise<readonly unknown[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${PATH}`);
  const heard: unknown[] = [];
  socket.addEventListener("message", ({ data }) => heard.push(String(data)));
  socket.addEventListener("open", () => socket.send(first));
  const [closed] = await once(socket, "close");
  return [...heard, closed.code];
}

const BAD: readonly (readonly [what: string, first: string | Uint8Array, reason: RegExp])[] = [
  ["what is no JSON", "hello", /^Expecting value: line 1 column 1 \(char 0\)$/],
  ["bytes", Uint8Array.of(65, 0xff), /^Received message 2:b'A\\xff' is not WSMsgType\.TEXT$/],
  ["nothing of it", "{}", /^missing 'auth' key in message$/],
  ["an empty proof", '{"auth": {}}', /^missing 'auth' key in message$/],
  [
    "a text as proof",
    '{"auth": "me"}',
    /^Invalid format for auth packet, see \/doc\/operator_auth\.md$/,
  ],
  ["a list", "[]", /./],
];

for (const [what, first, reason] of BAD) {
  test(`log stream: a watcher who begins with ${what} is told so, and the connection ends in order`, async () => {
    await using it = await stage();
    const [told, code] = await talk(it.port, first);
    const { status, reason: words }: { status: string; reason: string } = JSON.parse(String(told));
    assert.deepEqual([status, code], ["failed", 1000]);
    assert.match(words, reason);
    if (what !== "bytes" && what !== "a list")
      assert.equal(told, `{"status": "failed", "reason": ${JSON.stringify(words)}}`);
  });
}

test("log stream: a wrong domain and somebody else's wallet are refused", async () => {
  await using it = await stage();
  const foreign = await talk(it.port, frame(parts(it, { domain: "evil.example.org" })));
  assert.deepEqual(foreign, ['{"status": "failed", "reason": "Invalid domain"}', 1000]);
  const stranger = await talk(it.port, frame(parts(it, {}, STRANGER)));
  assert.deepEqual(stranger, ['{"status": "failed", "reason": "unauthorized sender"}', 1000]);
});

test("log stream: the owner gets what was said, and what is, whatever path was signed", async () => {
  await using it = await stage();
  const heard = await talk(it.port, frame(parts(it, { path: "/" })));
  assert.deepEqual(heard.slice(0, 3), [
    '{"status": "connected"}',
    '{"type": "stdout", "message": "one"}',
    '{"type": "stderr", "message": "two"}',
  ]);
});

test("log stream: a VM that does not run has a past, one that starts is not there yet", async () => {
  await using it = await stage();
  it.views.set(VM_HASH, aView(VM_HASH, OWNER.address, { running: false, state: "stopped" }));
  const stopped = await talk(it.port, frame(parts(it)));
  const past = '{"type": "system", "message": "VM is not running, past logs sent"}';
  assert.deepEqual([stopped.length, ...stopped.slice(-2)], [5, past, 1000]);
  it.views.set(VM_HASH, aView(VM_HASH, OWNER.address, { running: false, state: "starting" }));
  const starting = '{"type": "system", "message": "VM is starting, try again shortly"}';
  const heard = await talk(it.port, frame(parts(it)));
  assert.deepEqual(heard, ['{"status": "connected"}', starting, 1000]);
});

/** The head of the answer to a request on a bare connection. */
async function head(socket: Socket, lines: readonly string[]): Promise<string> {
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const [bytes] = await once(socket, "data");
  socket.destroy();
  return String(bytes);
}

const UPGRADE = [
  "Host: crn.example.org",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

test("log stream: the upgrade itself bears the node's name, and allows pages", async () => {
  await using it = await stage();
  const socket = connect(it.port, "127.0.0.1");
  const answer = await head(socket, [`GET ${PATH} HTTP/1.1`, ...UPGRADE, `Origin: ${ORIGIN}`]);
  assert.match(answer, /^HTTP\/1\.1 101 /);
  assert.match(answer, /\r\nServer: aleph-vm\/1\.13\.0\r\n/);
  assert.match(answer, /\r\naccess-control-allow-origin: https:\/\/app\.example\.org\r\n/);
});

const REFUSED: readonly (readonly [what: string, lines: readonly string[], words: string])[] = [
  [
    "no upgrade",
    ["Host: x"],
    'No WebSocket UPGRADE hdr: None\\n Can \\"Upgrade\\" only to \\"WebSocket\\".',
  ],
  [
    "an upgrade to something else",
    ["Host: x", "Connection: Upgrade", "Upgrade: h2c"],
    'No WebSocket UPGRADE hdr: h2c\\n Can \\"Upgrade\\" only to \\"WebSocket\\".',
  ],
  ["an old version", UPGRADE.map((line) => line.replace(": 13", ": 6")), "Unsupported version: 6"],
];

for (const [what, lines, words] of REFUSED) {
  test(`log stream: ${what} is a plain request that says why`, async () => {
    await using it = await stage();
    const answer = await head(connect(it.port, "127.0.0.1"), [`GET ${PATH} HTTP/1.1`, ...lines]);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal(answer.split("\r\n\r\n")[1], `{"error": "${words}"}`);
  });
}

test("log stream: before the upgrade a bad reference and an unknown VM are told apart", async () => {
  await using it = await stage();
  const ask = (ref: string) =>
    head(connect(it.port, "127.0.0.1"), [
      `GET /control/machine/${ref}/stream_logs HTTP/1.1`,
      ...UPGRADE,
    ]);
  assert.match(await ask("nonsense"), /^HTTP\/1\.1 400 .*\{"error": "Invalid ref: 'nonsense'"\}$/s);
  const unknown = "ab".repeat(32);
  const words = `{"error": "No execution found for VM ${unknown}"}`;
  const answer = await ask(unknown);
  assert.match(answer, /^HTTP\/1\.1 404 /);
  assert.ok(answer.endsWith(words), answer);
});

test("log stream: over plain HTTP it is lines of JSON, or events, for who shows credentials", async () => {
  const world = surfaceWorld();
  world.views.set(VM_HASH, aView(VM_HASH, OWNER.address, { running: false, state: "stopped" }));
  world.lines.push({ at: new Date(), stream: "stdout", text: "one" });
  const app = await alephApplication(world.parts);
  const headers = { "x-auth-signature": NODE_TOKEN };
  const lines = await app.inject({ method: "GET", url: PATH, headers });
  const past = '{"type": "system", "message": "VM is not running, past logs sent"}';
  assert.equal(lines.body, `{"type": "stdout", "message": "one"}\n${past}\n`);
  assert.equal(lines.headers["content-type"], "application/x-ndjson");
  const events = await app.inject({
    method: "GET",
    url: PATH,
    headers: { ...headers, accept: "text/event-stream" },
  });
  assert.equal(events.body, `data: {"type": "stdout", "message": "one"}\n\ndata: ${past}\n\n`);
  const wrong = await app.inject({
    method: "GET",
    url: PATH,
    headers: { "x-auth-signature": "x" },
  });
  assert.equal(wrong.statusCode, 401);
  await app.close();
});

test("watchers: one too many makes the oldest of that VM leave, and nobody else", () => {
  const watchers = new Watchers();
  const [hash, other] = [aView(VM_HASH, "a"), aView("ab".repeat(32), "b")];
  const elsewhere = watchers.admit(other.record.vmHash);
  const first = watchers.admit(hash.record.vmHash);
  const rest = Array.from({ length: MAX_WATCHERS_PER_VM - 1 }, () =>
    watchers.admit(hash.record.vmHash),
  );
  assert.equal(first.signal.aborted, false);
  watchers.admit(hash.record.vmHash);
  assert.equal(first.signal.aborted, true);
  assert.ok([elsewhere, ...rest].every(({ signal }) => !signal.aborted));
});
