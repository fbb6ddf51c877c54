import assert from "node:assert/strict";
import { test } from "node:test";

import websocket from "@fastify/websocket";
import fastify from "fastify";

import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import { hashOfDigit, OWNER, unsignedMessage } from "#testing/aleph-messages.ts";
import { eventually } from "#testing/eventually.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { changesIn, NetworkFeed } from "./network-feed.ts";

const A = hashOfDigit("a");
const B = hashOfDigit("b");

const PUBLISHED: readonly (readonly [string, object, readonly SourceChange[]])[] = [
  ["INSTANCE", {}, [{ what: "message", hash: A }]],
  ["PROGRAM", {}, [{ what: "message", hash: A }]],
  ["STORE", { ref: B }, [{ what: "file", ref: B }]],
  ["STORE", {}, []],
  ["FORGET", { hashes: [B, "nonsense", 5] }, [{ what: "forgotten", hash: B }]],
  ["FORGET", { hashes: "all" }, []],
  ["AGGREGATE", { key: "k" }, [{ what: "aggregate", address: OWNER.toLowerCase(), key: "k" }]],
  ["AGGREGATE", { key: 5 }, []],
  ["POST", {}, []],
];

for (const [type, content, expected] of PUBLISHED) {
  test(`feed: ${type} with ${JSON.stringify(content)} changes what it should`, () => {
    assert.deepEqual(changesIn(unsignedMessage(A, type, { ...content })), expected);
  });
}

test("feed: other things than messages change nothing", () => {
  for (const value of [undefined, null, [], "x", {}, { type: "STORE", content: null }]) {
    assert.deepEqual(changesIn(value), []);
  }
});

test("feed: connected while somebody listens, and again after it broke", async () => {
  await using stack = new AsyncDisposableStack();
  const app = fastify();
  stack.defer(() => app.close());
  await app.register(websocket);
  const sockets: { send(text: string): void; close(): void; readyState: number }[] = [];
  app.get("/api/ws0/messages", { websocket: true }, (socket) => void sockets.push(socket));
  const apiServer = await app.listen({ port: 0, host: "127.0.0.1" });
  const log = new RememberingLog();
  const feed = new NetworkFeed({ apiServer, firstPauseMs: 5, log });
  const seen: SourceChange[] = [];
  const first = feed.listen((change) => seen.push(change));
  const second = feed.listen(() => undefined);
  await eventually("the first connection", () => sockets.length === 1);
  sockets[0]?.send("no JSON");
  sockets[0]?.send(JSON.stringify(unsignedMessage(A, "INSTANCE", {})));
  await eventually("a message", () => seen.length === 1);
  assert.deepEqual(seen, [{ what: "message", hash: A }]);
  sockets[0]?.close();
  await eventually("the second connection", () => sockets.length === 2);
  assert.deepEqual(log.troubles(), ["messages.feed_lost"]);
  sockets[1]?.send(JSON.stringify(unsignedMessage(B, "INSTANCE", {})));
  await eventually("another message", () => seen.length === 2);
  first[Symbol.dispose]();
  assert.equal(sockets[1]?.readyState, WebSocket.OPEN, "somebody listens still");
  second[Symbol.dispose]();
  await eventually("the end", () => sockets[1]?.readyState === WebSocket.CLOSED);
  assert.equal(sockets.length, 2);
});

test("feed: a server that is not there is told of once", async () => {
  await using stack = new AsyncDisposableStack();
  const app = fastify();
  const apiServer = await app.listen({ port: 0, host: "127.0.0.1" });
  await app.close();
  const log = new RememberingLog();
  const feed = new NetworkFeed({ apiServer, firstPauseMs: 1, log });
  stack.use(feed.listen(() => undefined));
  await eventually("the trouble", () => log.lines.length > 0);
  const later = fastify();
  stack.defer(() => later.close());
  await later.register(websocket);
  const connected = Promise.withResolvers<void>();
  later.get("/api/ws0/messages", { websocket: true }, () => connected.resolve());
  await later.listen({ port: Number(new URL(apiServer).port), host: "127.0.0.1" });
  await connected.promise;
  assert.deepEqual(log.troubles(), ["messages.feed_lost"]);
});
