import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";

import { assert as assertProperty, property } from "fast-check";
import type { FastifyPluginAsync } from "fastify";
import { Type } from "typebox";

import { RememberingLog } from "#testing/remembering-log.ts";
import { tempDir } from "#testing/temp-dir.ts";
import { unicodeText } from "#testing/unicode-text.ts";

import { answerErrors } from "./errors.ts";
import { application, queryOutOfPath, serve } from "./server.ts";

const URLS: readonly (readonly [url: string, becomes: string])[] = [
  ["/nodes", "/nodes"],
  ["/nodes?tag=a%3Fb", "/nodes?tag=a%3Fb"],
  ["/nodes%3Ftag=user%253Dalice", "/nodes?tag=user%3Dalice"],
  ["/nodes%3ftag=a+b", "/nodes?tag=a+b"],
  ["/nodes%3F", "/nodes?"],
  ["/nodes%3Ftag=%25%3F%zz", "/nodes%3Ftag=%25%3F%zz"],
];

for (const [url, becomes] of URLS) {
  test(`server: ${url} is routed as ${becomes}`, () => {
    assert.equal(queryOutOfPath(url), becomes);
  });
}

test("server: an ordinary address is left alone", () => {
  assertProperty(
    property(unicodeText, unicodeText, (name, tag) => {
      const path = encodeURIComponent(name.replaceAll("?", ""));
      const url = `/vm/${path}/health?tag=${encodeURIComponent(tag)}`;
      assert.equal(queryOutOfPath(url), url);
    }),
  );
});

test("server: no time limit cuts long uploads, streams and waits", async () => {
  const app = await application([], undefined);
  const { requestTimeout, timeout, headersTimeout, keepAliveTimeout } = app.server;
  await app.close();
  assert.deepEqual([requestTimeout, timeout], [0, 0]);
  assert.ok(headersTimeout > 0 && keepAliveTimeout > 0);
});

test("server: it listens on a Unix socket, and on a port of the system's choice", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/api.sock`;
  await using unix = await serve(await application([], undefined), { kind: "unix", path });
  const tcp = await application([], undefined);
  await using port = await serve(tcp, { kind: "tcp", address: "127.0.0.1", port: 0 });
  assert.equal(unix.port, 0);
  assert.ok(port.port > 0);
});

test("server: a port that is taken is an error", async () => {
  const first = await application([], undefined);
  await using taken = await serve(first, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const second = await application([], undefined);
  const at = { kind: "tcp", address: "127.0.0.1", port: taken.port } as const;
  await assert.rejects(serve(second, at), { code: "EADDRINUSE" });
  await second.close();
});

const RAW: readonly (readonly [what: string, bytes: string, status: number])[] = [
  ["nonsense", "nonsense\r\n\r\n", 400],
  ["a header that is far too long", `GET / HTTP/1.1\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, 431],
];

for (const [what, bytes, status] of RAW) {
  test(`server: ${what} is answered with ${status} in our words, and the connection ends`, async () => {
    const app = await application([], undefined);
    await using served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
    const socket = connect(served.port, "127.0.0.1");
    socket.write(bytes);
    const answer = (await buffer(socket)).toString();
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    const [, body = ""] = answer.split("\r\n\r\n");
    assert.equal(JSON.parse(body).code, "bad_http");
  });
}

const UPGRADE = [
  "Host: localhost",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: BwcHBwcHBwcHBwcHBwcHBw==",
].join("\r\n");

for (const path of ["/%zz", `/${"x".repeat(2_000)}`]) {
  test(`server: an upgrade of ${path.slice(0, 10)} is refused, and the connection closed`, async () => {
    const app = await application([oneSocket], undefined);
    await using served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
    const socket = connect(served.port, "127.0.0.1");
    socket.write(`GET ${path} HTTP/1.1\r\n${UPGRADE}\r\n\r\n`);
    assert.match((await buffer(socket)).toString(), /^HTTP\/1.1 40[04] /); // to its end
  });
}

test("server: an upgrade where there is no WebSocket is refused, and its handler not called", async () => {
  let calls = 0;
  const plain: FastifyPluginAsync = async (app) => {
    answerErrors(app, new RememberingLog(), ({ message }) => message);
    app.get("/plain", { config: { access: "open" } }, async () => (calls += 1));
  };
  const app = await application([plain, oneSocket], undefined);
  await using served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const socket = connect(served.port, "127.0.0.1");
  socket.write(`GET /plain HTTP/1.1\r\n${UPGRADE}\r\n\r\n`);
  assert.match((await buffer(socket)).toString(), /^HTTP\/1.1 400 /); // to its end
  assert.equal(calls, 0);
});

test("server: of a parameter with one value the first counts, and lists keep all", async () => {
  const app = await application([echo], undefined);
  const answer = await app.inject("/echo?one=a&many=b&one=c&many=d&other=e&other=f");
  assert.deepEqual(answer.json(), { one: "a", many: ["b", "d"], other: ["e", "f"] });
  await app.close();
});

test("server: its end does not wait long for WebSockets' clients that say nothing", async () => {
  const app = await application([oneSocket], undefined);
  const served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const socket = connect(served.port, "127.0.0.1");
  socket.on("error", () => undefined); // it is cut
  socket.write(`GET /socket HTTP/1.1\r\n${UPGRADE}\r\n\r\n`);
  const [head] = await once(socket, "data");
  assert.match(String(head), /^HTTP\/1.1 101 /);
  const before = performance.now();
  await served[Symbol.asyncDispose]();
  assert.ok(performance.now() - before < 10_000);
});

const oneSocket: FastifyPluginAsync = async (app) => {
  app.route({
    method: "GET",
    url: "/:name",
    exposeHeadRoute: false,
    config: { access: "open" },
    handler: async () => "no upgrade",
    wsHandler: () => undefined,
  });
};

const echo: FastifyPluginAsync = async (app) => {
  const querystring = Type.Object({
    one: Type.Optional(Type.String()),
    many: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
  });
  const route = { schema: { querystring }, config: { access: "open" } } as const;
  app.get("/echo", route, async ({ query }) => query);
};
