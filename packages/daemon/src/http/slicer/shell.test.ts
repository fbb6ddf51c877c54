import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, test } from "node:test";

import { WebSocket } from "ws";

import type { GuestExec } from "#core/ports/guest-link.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, filled, shape } from "#testing/strict-json.ts";
import { dialerWith } from "#testing/troubles.ts";

const asked: GuestExec[] = [];
/** what befalls the next shells; nothing by default */
const trouble: { breaksWith: Error | undefined } = { breaksWith: undefined };
const sizes: object[] = [];

const api = await SlicerApi.make({
  token: "t0ken",
  parts: (host) => ({
    dialer: dialerWith(host.dialer, (link) => ({
      exec: async (command, signal) => {
        asked.push(command);
        const process = await link.exec(command, signal);
        const { breaksWith } = trouble;
        return {
          pid: process.pid,
          output: breaksWith ? broken(breaksWith) : process.output,
          ended: process.ended,
          write: (bytes, left) => process.write(bytes, left),
          endInput: () => process.endInput(),
          resize: (size) => void sizes.push(size),
          kill: (name) => process.kill(name),
          cancel: () => process.cancel(),
        };
      },
    })),
  }),
});
after(() => api[Symbol.asyncDispose]());
const address = await api.listen();
const headers = { authorization: "Bearer t0ken" };
const hostname = await aVm();

function broken(error: Error): AsyncIterable<never> {
  const next = async (): Promise<IteratorResult<never>> => {
    throw error;
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

async function aVm(): Promise<string> {
  const line = "POST /hostgroup/sbox/nodes?wait=agent&timeout=10s";
  const { text } = await api.call(line, { headers, body: '{"persistent":true}' });
  const { hostname: name }: { hostname: string } = JSON.parse(text);
  return name;
}

/** A terminal as Go's client opens one: no subprotocol, no compression, 32 KiB a message. */
async function terminal(query = "") {
  const url = `ws://${address}/vm/${hostname}/shell${query}`;
  const options = { headers, perMessageDeflate: false, maxPayload: 32_768 };
  const socket = new WebSocket(url, options);
  const heard: Buffer[] = [];
  socket.on("message", (data: Buffer) => heard.push(data));
  const closed = once(socket, "close");
  await once(socket, "open");
  return {
    socket,
    heard,
    closed,
    send: (type: number, payload: Uint8Array | string = "") => socket.send(frame(type, payload)),
    output: () =>
      Buffer.concat(heard.filter((it) => it[0] === 0x01).map((it) => it.subarray(5))).toString(),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

function frame(type: number, payload: Uint8Array | string): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([header, bytes]);
}

async function running(): Promise<number> {
  const stats = await api.vms.get(hostname).contact?.current?.stats(never);
  return stats?.openFiles ?? 0;
}

async function nothingRuns(): Promise<void> {
  const state = { count: 1 };
  await eventually("the shell has ended", () => {
    void running().then((count) => (state.count = count));
    return state.count === 0;
  });
}

test("slicer shell: what is typed reaches a login shell, and its output comes back", async () => {
  using it = await terminal();
  it.send(0x01, "echo hello\n");
  await eventually("it answers", () => it.output() === "hello\n");
  assert.partialDeepStrictEqual(asked.at(-1), {
    program: { kind: "login", shell: undefined },
    user: "default",
    pty: { cols: 80, rows: 24 },
  });
  assert.equal(it.socket.protocol, "");
  assert.equal(it.socket.extensions, "");
});

test("slicer shell: user, shell and directory are taken from the query", async () => {
  using _it = await terminal("?uid=1000&gid=100&shell=/bin/sh&cwd=/tmp");
  assert.partialDeepStrictEqual(asked.at(-1), {
    program: { kind: "login", shell: "/bin/sh" },
    user: { uid: 1000, gid: 100 },
    cwd: "/tmp",
  });
});

test("slicer shell: when the shell ends, SessionClose is sent and the connection closed with 1000", async () => {
  using it = await terminal();
  it.send(0x01, "echo bye\nexit\n");
  const [code] = await it.closed;
  assert.equal(code, 1000);
  assert.equal(it.output(), "bye\n");
  assert.deepEqual(it.heard.at(-1), frame(0x05, ""));
});

test("slicer shell: a shutdown from the client ends the shell and closes with 1000", async () => {
  using it = await terminal();
  it.send(0x03);
  const [code] = await it.closed;
  assert.equal(code, 1000);
  await nothingRuns();
});

test("slicer shell: a client that is gone without a word ends the shell", async () => {
  const it = await terminal();
  assert.equal(await running(), 1);
  it.socket.terminate();
  await nothingRuns();
});

test("slicer shell: the terminal's size is passed on; heartbeats, text and nonsense are ignored", async () => {
  using it = await terminal();
  const size = Buffer.alloc(8);
  size.writeUInt32BE(120, 0);
  size.writeUInt32BE(40, 4);
  it.send(0x02, size);
  it.send(0x04);
  it.send(0x7f, "?");
  it.socket.send("text");
  it.socket.send(Buffer.from([1]));
  it.send(0x01, "echo still here\n");
  await eventually("it answers", () => it.output() === "still here\n");
  assert.deepEqual(sizes.at(-1), { cols: 120, rows: 40 });
});

test("slicer shell: much output arrives whole, in messages that are not too long", async () => {
  using it = await terminal();
  it.send(0x01, "seq 50000\nexit\n");
  await it.closed;
  const wanted = Array.from({ length: 50_000 }, (_, index) => `${index + 1}\n`).join("");
  assert.ok(it.output() === wanted);
});

for (const words of ["the guest is gone", "€".repeat(200)]) {
  test(`slicer shell: a session that breaks closes with 1011 (${words.length} characters)`, async () => {
    trouble.breaksWith = new Error(words);
    using it = await terminal();
    trouble.breaksWith = undefined;
    const [code, reason] = await it.closed;
    assert.equal(code, 1011);
    assert.ok(words.startsWith(String(reason)) && String(reason).length > 10);
    await nothingRuns();
  });
}

const REFUSALS: readonly (readonly [path: string, headers: Record<string, string>, number])[] = [
  [`/vm/${hostname}/shell`, {}, 401],
  [`/vm/${hostname}/shell`, { authorization: "Bearer wrong" }, 401],
  ["/vm/none-1/shell", headers, 404],
  ["/nowhere", headers, 404],
  [`/vm/${hostname}/shell?uid=root`, headers, 400],
  [`/vm/${hostname}/shell?cwd=/none`, headers, 400],
];

for (const [path, given, wanted] of REFUSALS) {
  test(`slicer shell: an upgrade of ${path} is answered with ${wanted} in plain HTTP`, async () => {
    const { status, body } = await upgrade(path, given);
    assert.equal(status, wanted);
    assertStrict(body, shape({ error: filled, code: filled }));
  });
}

test("slicer shell: a paused VM is 409, before any upgrade", async () => {
  const other = await aVm();
  await api.call(`POST /vm/${other}/pause`, { headers });
  const { status, body } = await upgrade(`/vm/${other}/shell`, headers);
  assert.equal(status, 409);
  assertStrict(body, shape({ error: filled, code: filled }));
});

test("slicer shell: without an upgrade it is 400", async () => {
  const { status, text } = await api.call(`GET /vm/${hostname}/shell`, { headers });
  assert.equal(status, 400);
  assertStrict(text, shape({ error: filled, code: filled }));
});

test("slicer shell: none of this left a program behind, or the daemon in trouble", async () => {
  await nothingRuns();
  assert.deepEqual(api.host.log.troubles(), []);
});

async function upgrade(
  path: string,
  given: Readonly<Record<string, string>>,
): Promise<{ status: number | undefined; body: string }> {
  const [host = "", port = ""] = address.split(":");
  const websocket = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": Buffer.alloc(16, 7).toString("base64"),
  };
  const call = request({ host, port: Number(port), path, headers: { ...given, ...websocket } });
  call.end();
  const [response] = await once(call, "response");
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, body };
}
