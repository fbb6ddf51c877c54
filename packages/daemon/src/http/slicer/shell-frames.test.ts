import assert from "node:assert/strict";
import { test } from "node:test";

import { array, assert as assertProperty, integer, property, uint8Array } from "fast-check";

import { incompleteTail } from "#lib/utf8.ts";
import { unicodeText } from "#testing/unicode-text.ts";

import { DataFrames, parseShellFrame, SESSION_CLOSE_FRAME } from "./shell-frames.ts";

const MAX_MESSAGE_BYTES = 32_768;

function frame(type: number, payload: Uint8Array, length = payload.length): Buffer {
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, payload]);
}

function size(cols: number, rows: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(cols, 0);
  payload.writeUInt32BE(rows, 4);
  return payload;
}

/** @returns payloads of the frames, each checked */
function payloadsOf(frames: readonly Buffer[]): readonly Buffer[] {
  return frames.map((message) => {
    assert.ok(message.length <= MAX_MESSAGE_BYTES, `a message of ${message.length} bytes`);
    assert.equal(message[0], 0x01);
    assert.equal(message.readUInt32BE(1), message.length - 5);
    return message.subarray(5);
  });
}

test("shell frames: any bytes in any pieces come out unchanged, in frames that are not too long", () => {
  assertProperty(
    property(array(uint8Array({ maxLength: 200 })), (pieces) => {
      const frames = new DataFrames();
      const sent = pieces.flatMap((piece) => frames.write(piece));
      const payloads = payloadsOf([...sent, ...frames.end()]);
      assert.ok(payloads.every((payload) => payload.length > 0));
      assert.ok(Buffer.concat(payloads).equals(Buffer.concat(pieces)));
    }),
  );
});

test("shell frames: large pieces are cut, and arrive unchanged", () => {
  assertProperty(
    property(integer({ min: 0, max: 200_000 }), integer({ min: 0, max: 3 }), (length, offset) => {
      const bytes = Buffer.alloc(length + offset, "a€😀é").subarray(offset);
      const frames = new DataFrames();
      const payloads = payloadsOf([...frames.write(bytes), ...frames.end()]);
      assert.ok(Buffer.concat(payloads).equals(bytes));
    }),
    { numRuns: 30 },
  );
});

test("shell frames: text is never cut inside a character while its rest can still come", () => {
  assertProperty(
    property(unicodeText, array(integer({ min: 1, max: 5 })), (text, lengths) => {
      const bytes = Buffer.from(text);
      const frames = new DataFrames();
      const sent: Buffer[] = [];
      let at = 0;
      for (const length of [...lengths, bytes.length]) {
        sent.push(...frames.write(bytes.subarray(at, at + length)));
        at += length;
      }
      for (const payload of payloadsOf(sent)) assert.equal(incompleteTail(payload), 0);
      const decoded = payloadsOf([...sent, ...frames.end()]).map((payload) => payload.toString());
      assert.equal(decoded.join(""), bytes.toString());
    }),
  );
});

test("shell frames: half a character at the end is sent as it is", () => {
  const frames = new DataFrames();
  assert.deepEqual(frames.write(Buffer.from([0xe2, 0x82])), []);
  assert.deepEqual(frames.end(), [frame(0x01, Buffer.from([0xe2, 0x82]))]);
});

test("shell frames: keystrokes are read back from their frame", () => {
  assertProperty(
    property(uint8Array({ maxLength: 40_000 }), (bytes) => {
      const input = parseShellFrame(frame(0x01, bytes));
      assert.ok(input?.kind === "data" && input.bytes.equals(bytes));
    }),
  );
});

test("shell frames: what follows a frame in the same message is ignored", () => {
  const message = Buffer.concat([frame(0x01, Buffer.from("ls")), frame(0x03, Buffer.alloc(0))]);
  assert.deepEqual(parseShellFrame(message), { kind: "data", bytes: Buffer.from("ls") });
});

const MESSAGES: readonly (readonly [what: string, Buffer, object | undefined])[] = [
  ["a window size", frame(0x02, size(120, 40)), { kind: "resize", size: { cols: 120, rows: 40 } }],
  ["a window without columns", frame(0x02, size(0, 40)), undefined],
  ["a window too large", frame(0x02, size(10_001, 40)), undefined],
  ["half a window size", frame(0x02, size(80, 24).subarray(0, 4)), undefined],
  ["a shutdown", frame(0x03, Buffer.alloc(0)), { kind: "shutdown" }],
  ["a heartbeat", frame(0x04, Buffer.alloc(0)), undefined],
  ["a session close", SESSION_CLOSE_FRAME, undefined],
  ["an unknown type", frame(0x7f, Buffer.from("x")), undefined],
  ["nothing", Buffer.alloc(0), undefined],
  ["half a header", Buffer.from([0x01, 0, 0]), undefined],
  ["a length beyond the message", frame(0x01, Buffer.from("abc"), 4), undefined],
  ["an enormous length", frame(0x01, Buffer.from("abc"), 0xffff_ffff), undefined],
];

for (const [what, message, input] of MESSAGES) {
  test(`shell frames: ${what} is ${input ? "understood" : "ignored"}`, () => {
    assert.deepEqual(parseShellFrame(message), input);
  });
}

test("shell frames: no message makes the parser throw", () => {
  assertProperty(property(uint8Array(), (bytes) => void parseShellFrame(Buffer.from(bytes))));
});
