import assert from "node:assert/strict";
import { test } from "node:test";

import { BrokenStream } from "./frames.ts";
import { Incoming } from "./incoming.ts";

const WINDOW = 64 * 1024;

test("incoming: credit is given again as pieces are taken, a quarter of the window at a time", async () => {
  const grants: number[] = [];
  const incoming = new Incoming(WINDOW, (bytes) => grants.push(bytes));
  for (let turn = 0; turn < 8; turn += 1) incoming.push("DATA", Buffer.alloc(8 * 1024, turn));
  assert.deepEqual(grants, []);
  let takenBytes = 0;
  while (takenBytes < WINDOW) takenBytes += (await incoming.take())?.bytes.length ?? 0;
  assert.equal(
    grants.reduce((sum, one) => sum + one, 0),
    WINDOW,
  );
  assert.ok(grants.every((one) => one >= WINDOW / 4));
});

test("incoming: a byte more than credited is a broken stream", () => {
  const incoming = new Incoming(WINDOW, () => undefined);
  incoming.push("DATA", Buffer.alloc(WINDOW));
  assert.throws(() => incoming.push("DATA_ERR", Buffer.alloc(1)), BrokenStream);
});

test("incoming: a window that was made larger is granted at once, and again in larger steps", async () => {
  const grants: number[] = [];
  const incoming = new Incoming(WINDOW, (bytes) => grants.push(bytes));
  incoming.widen(3 * WINDOW);
  assert.deepEqual(grants, [3 * WINDOW]);
  for (let turn = 0; turn < 4; turn += 1) incoming.push("DATA", Buffer.alloc(WINDOW, turn));
  assert.throws(() => incoming.push("DATA", Buffer.alloc(1)), BrokenStream);
  for (let turn = 0; turn < 4; turn += 1) await incoming.take();
  assert.deepEqual(grants.slice(1), [WINDOW, WINDOW, WINDOW, WINDOW]);
});

test("incoming: what is taken is the taker's own", async () => {
  const incoming = new Incoming(WINDOW, () => undefined);
  const chunk = Buffer.alloc(WINDOW, "x");
  incoming.push("DATA", chunk.subarray(0, 20_000));
  incoming.push("DATA_ERR", chunk.subarray(20_000, 20_010));
  chunk.fill("#"); // the socket may use it again
  const pieces = await drain(incoming);
  assert.deepEqual(
    pieces.map(({ bytes }) => Buffer.from(bytes).toString()),
    ["x".repeat(20_000), "x".repeat(10)],
  );
});

test("incoming: a window of single bytes is put together, also when stdout and stderr take turns", async () => {
  const incoming = new Incoming(WINDOW, () => undefined);
  const chunk = Buffer.alloc(WINDOW, 9);
  for (let at = 0; at < WINDOW; at += 1) {
    incoming.push(at % 2 === 0 ? "DATA" : "DATA_ERR", chunk.subarray(at, at + 1));
  }
  incoming.finish(undefined);
  const pieces = await drain(incoming);
  assert.ok(pieces.length < 100, `${pieces.length} pieces`);
  const held = pieces.reduce((sum, { bytes }) => sum + bytes.buffer.byteLength, 0);
  assert.ok(held < 4 * WINDOW, `${held} bytes held`);
  assert.equal(
    pieces.reduce((sum, { bytes }) => sum + bytes.length, 0),
    WINDOW,
  );
});

test("incoming: small pieces keep their order and content", async () => {
  const incoming = new Incoming(WINDOW, () => undefined);
  const words = ["a", "bc", "", "def", "x".repeat(3000), "y"];
  for (const word of words) incoming.push("DATA", Buffer.from(word));
  incoming.push("DATA_ERR", Buffer.from("oops"));
  incoming.push("DATA", Buffer.from("end"));
  incoming.finish(undefined);
  const pieces = await drain(incoming);
  const said = pieces.map(({ channel, bytes }) => `${channel}:${Buffer.from(bytes).toString()}`);
  assert.equal(said.join("|").replaceAll("|DATA:", ""), `DATA:${words.join("")}|DATA_ERR:oopsend`);
});

test("incoming: bytes keep their order, however many pieces of whatever sizes wait", async () => {
  const windowBytes = 4 * WINDOW;
  const sent = Buffer.from(Uint8Array.from({ length: windowBytes }, (_, at) => (at >> 8) ^ at));
  for (const sizes of [
    [1200, 16_384, 300],
    [4096, 3, 20_000, 1],
    [16_384, 1],
  ]) {
    const incoming = new Incoming(windowBytes, () => undefined);
    // Enough small pieces that no more of them are put apart.
    let at = 0;
    for (let turn = 0; turn < 70; turn += 1) {
      incoming.push("DATA", sent.subarray(at, at + 1000));
      incoming.push("DATA_ERR", Buffer.from("!"));
      at += 1000;
    }
    for (let turn = 0; at < windowBytes - 100; turn += 1) {
      const size = Math.min(sizes[turn % sizes.length] ?? 1, windowBytes - 100 - at);
      incoming.push("DATA", sent.subarray(at, at + size));
      at += size;
    }
    const pieces = (await drain(incoming)).filter(({ channel }) => channel === "DATA");
    assert.ok(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(sent.subarray(0, at)));
  }
});

test("incoming: a reader gets all pieces before the error", async () => {
  const incoming = new Incoming(WINDOW, () => undefined);
  incoming.push("DATA", Buffer.from("last words"));
  incoming.finish(new Error("gone"));
  assert.equal((await incoming.take())?.bytes.length, 10);
  await assert.rejects(incoming.take(), /gone/);
});

/** Everything there is now, or up to the end. */
async function drain(incoming: Incoming) {
  incoming.finish(undefined);
  const pieces = [];
  for (;;) {
    const piece = await incoming.take();
    if (!piece) return pieces;
    pieces.push(piece);
  }
}
