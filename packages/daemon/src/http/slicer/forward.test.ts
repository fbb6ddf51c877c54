import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, test } from "node:test";

import { WebSocket } from "ws";

import type { GuestConnection, GuestTarget } from "#core/ports/guest-connection.ts";
import { AlcoveError } from "#core/errors.ts";
import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, exactly, filled, shape } from "#testing/strict-json.ts";
import { dialerWith } from "#testing/troubles.ts";

const asked: GuestTarget[] = [];
/** what befalls the next connections; the fake guest's own otherwise */
const trouble: { output: (() => AsyncGenerator<Uint8Array>) | undefined } = { output: undefined };
const open = new Set<GuestConnection>();
const written: Uint8Array[] = [];

const api = await SlicerApi.make({
  token: "t0ken",
  parts: (host) => ({
    dialer: dialerWith(host.dialer, (link) => ({
      forward: async (target, signal) => {
        asked.push(target);
        const there = target.kind === "unix" ? ({ ...ECHO } as const) : target;
        const inner = await link.forward(there, signal);
        open.add(inner);
        const closed = () => void open.delete(inner);
        inner.ended.then(closed, closed);
        return {
          output: trouble.output?.() ?? inner.output,
          ended: inner.ended,
          write: async (bytes, left) => {
            written.push(bytes);
            await inner.write(bytes, left);
          },
          endInput: () => inner.endInput(),
          cancel: () => inner.cancel(),
        };
      },
    })),
  }),
});
after(() => api[Symbol.asyncDispose]());
const address = await api.listen();
const token = { authorization: "Bearer t0ken" };
const ECHO = { kind: "tcp", host: "127.0.0.1", port: 7 } as const;
const hostname = await api.vm({ persistent: true }, token);
const path = `/vm/${hostname}/forward`;

/** A tunnel as Go's client opens one: no subprotocol, no compression. */
async function tunnel(upstream = "127.0.0.1:7") {
  const headers = { ...token, "x-inlets-upstream": upstream, "x-inlets-mode": "local" };
  const socket = new WebSocket(`ws://${address}${path}`, { headers, perMessageDeflate: false });
  const heard: Buffer[] = [];
  socket.on("message", (data: Buffer, isBinary) => {
    assert.ok(isBinary);
    heard.push(data);
  });
  const closed = once(socket, "close");
  await once(socket, "open");
  return {
    socket,
    closed,
    output: () => Buffer.concat(heard),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

async function nothingOpen(): Promise<void> {
  await eventually("every connection is closed", () => open.size === 0);
}

test("slicer forward: bytes go both ways, whatever the messages; nothing is negotiated", async () => {
  using it = await tunnel();
  const pieces = [1, 70_000, 3, 1_500_000, 65_536].map((size, at) => Buffer.alloc(size, at + 1));
  for (const piece of pieces) it.socket.send(piece);
  const wanted = Buffer.concat(pieces);
  await eventually("all of it comes back", () => it.output().length === wanted.length);
  assert.ok(it.output().equals(wanted));
  assert.equal(it.socket.protocol, "");
  assert.equal(it.socket.extensions, "");
  it.socket.close();
  await it.closed;
  await nothingOpen();
});

test("slicer forward: compression is declined, as it would only cost time", async () => {
  const headers = { ...token, "x-inlets-upstream": "127.0.0.1:7" };
  const socket = new WebSocket(`ws://${address}${path}`, { headers, perMessageDeflate: true });
  await once(socket, "open");
  assert.equal(socket.extensions, "");
  socket.terminate();
});

const TARGETS: readonly (readonly [upstream: string, target: GuestTarget])[] = [
  ["127.0.0.1:7", ECHO],
  ["localhost:7", { kind: "tcp", host: "localhost", port: 7 }],
  ["[::1]:7", { kind: "tcp", host: "::1", port: 7 }],
  ["unix:/run/a b:c.sock", { kind: "unix", path: "/run/a b:c.sock" }],
  [Buffer.from("unix:/run/größe").toString("latin1"), { kind: "unix", path: "/run/größe" }],
];

for (const [upstream, target] of TARGETS) {
  test(`slicer forward: ${upstream} is understood`, async () => {
    using _it = await tunnel(upstream);
    assert.deepEqual(asked.at(-1), target);
  });
}

test("slicer forward: when the target sends no more, all of it arrives and the close is 1000", async () => {
  trouble.output = async function* () {
    for (let at = 0; at < 100; at += 1) yield Buffer.alloc(65_536, at);
  };
  using it = await tunnel();
  trouble.output = undefined;
  const [code] = await it.closed;
  assert.deepEqual([code, it.output().length], [1000, 100 * 65_536]);
  await nothingOpen();
});

test("slicer forward: a connection that breaks closes with 1011 and says why", async () => {
  trouble.output = async function* () {
    yield Buffer.from("first");
    throw new AlcoveError("guest_refused", "connection reset", { reason: "io" });
  };
  using it = await tunnel();
  trouble.output = undefined;
  const [code, reason] = await it.closed;
  assert.deepEqual([code, String(reason)], [1011, "connection reset"]);
  assert.equal(String(it.output()), "first");
  await nothingOpen();
});

test("slicer forward: text is refused with 1003, and the connection closed", async () => {
  using it = await tunnel();
  it.socket.send("text");
  const [code] = await it.closed;
  assert.equal(code, 1003);
  await nothingOpen();
});

test("slicer forward: a message beyond the bound is refused with 1009", async () => {
  using it = await tunnel();
  it.socket.on("error", () => undefined); // what is left to send finds nobody
  it.socket.send(Buffer.alloc(16 * 1024 * 1024 + 1));
  const [code] = await it.closed;
  assert.ok(code === 1009 || code === 1006, `${code}`); // 1006: the rest of the message met a closed socket
  await nothingOpen();
});

test("slicer forward: what was sent before the client closed still reaches the target", async () => {
  written.length = 0;
  using it = await tunnel();
  for (let at = 0; at < 200; at += 1) it.socket.send(Buffer.alloc(20_000, at));
  it.socket.close();
  await it.closed;
  await nothingOpen();
  assert.equal(Buffer.concat(written).length, 200 * 20_000);
});

test("slicer forward: a client that is gone without a word closes the target", async () => {
  const it = await tunnel();
  assert.equal(open.size, 1);
  it.socket.terminate();
  await nothingOpen();
});

test("slicer forward: a client that does not read stops the target, and the daemon holds little", async () => {
  const sent = { bytes: 0 };
  trouble.output = async function* () {
    for (let at = 0; at < 2_000; at += 1) {
      sent.bytes += 65_536;
      yield Buffer.alloc(65_536);
    }
  };
  using it = await tunnel();
  trouble.output = undefined;
  it.socket.pause();
  const last = { bytes: -1, looks: 0 };
  await eventually("nothing moves any more", () => {
    last.looks = sent.bytes === last.bytes ? last.looks + 1 : 0;
    last.bytes = sent.bytes;
    return last.looks > 20;
  });
  assert.ok(sent.bytes < 32 * 1024 * 1024, `${sent.bytes} bytes are on their way`);
  it.socket.resume();
  const [code] = await it.closed;
  assert.deepEqual([code, it.output().length], [1000, 2_000 * 65_536]);
});

const ERROR = shape({ error: filled, code: filled });

const REFUSALS: readonly (readonly [upstream: string | undefined, number])[] = [
  [undefined, 400],
  ["", 400],
  ["nonsense", 400],
  ["127.0.0.1", 400],
  ["127.0.0.1:", 400],
  ["127.0.0.1:0", 400],
  ["127.0.0.1:65536", 400],
  ["127.0.0.1:http", 400],
  ["::1:80", 400],
  [":80", 400],
  ["http://127.0.0.1:80", 400],
  ["unix:", 400],
  ["unix:relative", 400],
  [`unix:/${"x".repeat(107)}`, 400],
  ["127.0.0.1:8", 502],
];

for (const [upstream, wanted] of REFUSALS) {
  test(`slicer forward: ${String(upstream).slice(0, 30)} is answered with ${wanted} in plain HTTP`, async () => {
    const given = upstream === undefined ? {} : { "x-inlets-upstream": upstream };
    const { status, body } = await upgrade(path, { ...token, ...given });
    assert.equal(status, wanted);
    assertStrict(body, ERROR);
  });
}

test("slicer forward: who may not, what is not there and what is paused are told before any upgrade", async () => {
  const upstream = { "x-inlets-upstream": "127.0.0.1:7" };
  assert.equal((await upgrade(path, upstream)).status, 401);
  assert.equal((await upgrade("/vm/none-1/forward", { ...token, ...upstream })).status, 404);
  const other = await api.vm({}, token);
  await api.call(`POST /vm/${other}/pause`, { headers: token });
  const { status, body } = await upgrade(`/vm/${other}/forward`, { ...token, ...upstream });
  assert.equal(status, 409);
  assertStrict(body, shape({ error: filled, code: exactly("wrong_phase") }));
});

test("slicer forward: without an upgrade it is 400", async () => {
  const headers = { ...token, "x-inlets-upstream": "127.0.0.1:7" };
  const { status, text } = await api.call(`GET ${path}`, { headers });
  assert.equal(status, 400);
  assertStrict(text, ERROR);
});

test("slicer forward: none of this left a connection open, or the daemon in trouble", async () => {
  await nothingOpen();
  assert.deepEqual(api.host.log.troubles(), []);
});

async function upgrade(
  where: string,
  given: Readonly<Record<string, string>>,
): Promise<{ status: number | undefined; body: string }> {
  const [host = "", port = ""] = address.split(":");
  const websocket = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": Buffer.alloc(16, 7).toString("base64"),
  };
  const headers = { ...given, ...websocket };
  const call = request({ host, port: Number(port), path: where, headers });
  call.end();
  const [response] = await once(call, "response");
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, body };
}
