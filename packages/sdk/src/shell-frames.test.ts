import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import {
  DATA_LIMIT_BYTES,
  SHELL_FRAME,
  decodeShellFrame,
  encodeData,
  encodeShellFrame,
  encodeWindowSize,
} from "./shell-frames.ts";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("shell frames: the bytes are those of the contract", () => {
  assert.equal(hexOf(encodeShellFrame(SHELL_FRAME.data, Buffer.from("ls"))), "01000000026c73");
  assert.equal(hexOf(encodeWindowSize(132, 43)), "0200000008000000840000002b");
  assert.equal(hexOf(encodeShellFrame(SHELL_FRAME.shutdown)), "0300000000");
});

test("shell frames: what is encoded is decoded, in pieces that every relay lets through", () => {
  const input = Buffer.alloc(DATA_LIMIT_BYTES * 2 + 5, "x");
  const messages = [...encodeData(input)];
  assert.ok(messages.every((message) => message.length <= DATA_LIMIT_BYTES + 5));
  const payloads = messages.map((message) => decodeShellFrame(message)?.payload ?? Buffer.alloc(0));
  assert.ok(Buffer.concat(payloads).equals(input));
  assert.deepEqual([...encodeData(Buffer.alloc(0))], []);
});

test("shell frames: short, overlong and unknown frames are ignored", () => {
  for (const hex of ["", "01000000", "0100000005aa", "0900000000", "01ffffffff"]) {
    assert.equal(decodeShellFrame(Buffer.from(hex, "hex")), undefined, hex);
  }
});

test("shell frames: no bytes make the decoder throw or read beyond them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const frame = decodeShellFrame(bytes);
      if (frame) assert.ok(frame.payload.length <= bytes.length - 5);
    }),
  );
});
