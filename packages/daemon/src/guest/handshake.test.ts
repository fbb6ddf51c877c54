import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { encodeFrame } from "./frames.ts";
import { agree } from "./handshake.ts";

const LONGER_THAN_A_CROSSING_MS = 25;

test("handshake: a guest that says it is awake but does not read gets no pile of HELLOs", async () => {
  const socket = new Duplex({ read() {}, write() {} }); // a write that never ends: nobody takes it
  const leaving = new AbortController();
  const agreeing = agree(socket, { windowBytes: 65_536, now: () => new Date() }, leaving.signal);
  const oneHello = socket.writableLength;
  assert.ok(oneHello > 0);
  for (let said = 0; said < 4; said += 1) {
    await delay(LONGER_THAN_A_CROSSING_MS);
    socket.push(encodeFrame("AWAKE", 0));
  }
  await delay(LONGER_THAN_A_CROSSING_MS);
  leaving.abort(new Error("the test is over"));
  await assert.rejects(agreeing, /the test is over/);
  assert.equal(socket.writableLength, oneHello);
});
