import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { assert as assertProperty, asyncProperty } from "fast-check";
import { WebSocket, WebSocketServer } from "ws";

import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { unicodeText } from "#testing/unicode-text.ts";

import { closeBecause, messagesOf, sendMessage, watchClient } from "./web-socket.ts";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
await once(server, "listening");
after(() => server.close());

interface Pair extends Disposable {
  readonly ours: WebSocket;
  readonly client: WebSocket;
}

async function pair(): Promise<Pair> {
  const address: AddressInfo | string | null = server.address();
  assert.ok(address !== null && typeof address === "object");
  const connected = once(server, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`, { perMessageDeflate: false });
  const [[ours]] = await Promise.all([connected, once(client, "open")]);
  return {
    ours,
    client,
    [Symbol.dispose]: () => {
      client.terminate();
      ours.terminate();
    },
  };
}

test("web socket: binary messages come in order, until the client closes; text is ignored", async () => {
  using it = await pair();
  for (let index = 0; index < 100; index += 1) {
    it.client.send(Buffer.from(`message ${index}`));
    it.client.send(`text ${index}`);
  }
  it.client.close();
  const heard = [];
  for await (const message of messagesOf(it.ours, never)) heard.push(message.toString());
  assert.deepEqual(
    heard,
    Array.from({ length: 100 }, (_, index) => `message ${index}`),
  );
});

test("web socket: a client that sends faster than is read has to wait", async () => {
  using it = await pair();
  const messages = messagesOf(it.ours, never);
  it.client.send(Buffer.from("first"));
  assert.equal(String((await messages.next()).value), "first");
  const large = Buffer.alloc(256 * 1024);
  for (let index = 0; index < 200; index += 1) it.client.send(large);
  // 50 MiB are on their way; what the kernel and 16 messages hold is less.
  await eventually("the client is stuck", () => it.ours.isPaused);
  assert.ok(it.client.bufferedAmount > 20 * 1024 * 1024, `${it.client.bufferedAmount} left`);
  for (let index = 0; index < 200; index += 1) {
    const { value } = await messages.next();
    assert.equal(value?.length, large.length);
  }
});

test("web socket: who stops reading lets the connection's end be noticed", async () => {
  using it = await pair();
  const leaving = new AbortController();
  const messages = messagesOf(it.ours, leaving.signal);
  const next = messages.next();
  leaving.abort();
  assert.deepEqual(await next, { done: true, value: undefined });
  const closed = once(it.ours, "close");
  it.client.close();
  await closed;
});

test("web socket: a message is sent when the promise says so, and refused when nobody is there", async () => {
  using it = await pair();
  const heard = once(it.client, "message");
  await sendMessage(it.ours, Buffer.from("hello"));
  const [data, isBinary] = await heard;
  assert.deepEqual([String(data), isBinary], ["hello", true]);
  it.client.terminate();
  await once(it.ours, "close");
  await assert.rejects(sendMessage(it.ours, Buffer.from("anyone?")));
});

test("web socket: a reason of any length and any characters closes the connection", async () => {
  await assertProperty(
    asyncProperty(unicodeText, async (reason) => {
      using it = await pair();
      const closed = once(it.client, "close");
      closeBecause(it.ours, 1011, reason);
      const [code, said] = await closed;
      assert.equal(code, 1011);
      assert.ok(reason.startsWith(String(said)));
    }),
    { numRuns: 50 },
  );
});

test("web socket: a client that is gone is noticed though nobody reads what it sent", async () => {
  using it = await pair();
  using _watch = watchClient(it.ours, 10);
  const messages = messagesOf(it.ours, never);
  it.client.send(Buffer.alloc(1024 * 1024));
  await messages.next();
  it.client.send(Buffer.alloc(1024 * 1024));
  await eventually("nobody reads any more", () => it.ours.isPaused);
  const closed = once(it.ours, "close");
  it.client.terminate();
  await closed;
});
