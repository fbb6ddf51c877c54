import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import fixtures from "../../../../guest/protocol/fixtures/frames.json" with { type: "json" };
import {
  BrokenStream,
  encodeFrame,
  type Frame,
  FrameDecoder,
  type FrameType,
  MAX_PAYLOAD_BYTES,
} from "./frames.ts";

const TYPES: readonly FrameType[] = ["EVENT", "DATA", "DATA_ERR", "END", "CREDIT", "CLOSE", "PONG"];

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(...TYPES),
  stream: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  payload: fc.uint8Array({ maxLength: 200 }),
});

test("frames: every golden frame is read as what it says, and written the same", () => {
  for (const { name, type, stream, payloadHex, bytesHex } of fixtures.frames) {
    const [frame, ...more] = decode([Buffer.from(bytesHex, "hex")]);
    assert.deepEqual(frame, { type, stream, payload: payloadHex }, name);
    assert.deepEqual(more, []);
    const written = encodeFrame(mustBeType(type), stream, Buffer.from(payloadHex, "hex"));
    assert.equal(written.toString("hex"), bytesHex, name);
  }
});

test("frames: every golden broken stream is refused", () => {
  for (const { name, bytesHex } of fixtures.broken) {
    assert.throws(() => decode([Buffer.from(bytesHex, "hex")]), BrokenStream, name);
  }
});

test("frames: padding between golden frames is skipped, and counted", () => {
  for (const { name, bytesHex, frames } of fixtures.streams) {
    const wanted = frames.map((one) => fixtures.frames.find((frame) => frame.name === one)?.type);
    const found = decode([Buffer.from(bytesHex, "hex")]).map(({ type }) => type);
    assert.deepEqual(found, wanted, name);
  }
  const decoder = new FrameDecoder(() => undefined);
  decoder.push(new Uint8Array(1000));
  assert.equal(decoder.takePaddingCount(), 1000);
  assert.equal(decoder.takePaddingCount(), 0);
});

test("frames: how the bytes are cut makes no difference", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 });
  const padding = fc.integer({ min: 0, max: 12 });
  const story = fc.array(fc.tuple(anyFrame, padding), { maxLength: 12 });
  fc.assert(
    fc.property(story, cuts, (frames, sizes) => {
      const bytes = Buffer.concat(
        frames.flatMap(([{ type, stream, payload }, zeros]) => [
          Buffer.alloc(zeros),
          encodeFrame(type, stream, payload),
        ]),
      );
      assert.deepEqual(decode(cutUp(bytes, sizes)), decode([bytes]));
    }),
  );
});

test("frames: garbage gives frames or a BrokenStream, and nothing larger than a frame", () => {
  // Small numbers look like frame types and lengths, and so get further than noise does.
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300, max: 15 }),
  );
  const garbage = fc.array(noise, { maxLength: 20 });
  fc.assert(
    fc.property(garbage, (chunks) => {
      try {
        for (const { payload } of decode(chunks))
          assert.ok(payload.length <= MAX_PAYLOAD_BYTES * 2);
      } catch (error) {
        assert.ok(error instanceof BrokenStream);
      }
    }),
    { numRuns: 500 },
  );
});

test("frames: data is handed on as parts of its chunks, without a copy and without waiting", () => {
  const parts: Uint8Array[] = [];
  const decoder = new FrameDecoder(({ payload }) => parts.push(payload));
  const chunk = encodeFrame("DATA", 1, Buffer.alloc(1000, 7)).subarray(0, 500);
  decoder.push(chunk);
  assert.deepEqual(
    parts.map(({ length }) => length),
    [492],
  );
  assert.equal(parts[0]?.buffer, chunk.buffer);
});

interface Shown {
  readonly type: FrameType;
  readonly stream: number;
  payload: string;
}

/** Payloads as hex; consecutive parts of one DATA frame are put together again. */
function decode(chunks: readonly Uint8Array[]): readonly Shown[] {
  const found: Shown[] = [];
  const decoder = new FrameDecoder(({ type, stream, payload }) => {
    const hex = Buffer.from(payload).toString("hex");
    const last = found.at(-1);
    const isData = type === "DATA" || type === "DATA_ERR";
    if (isData && last?.type === type && last.stream === stream) last.payload += hex;
    else found.push({ type, stream, payload: hex });
  });
  for (const chunk of chunks) decoder.push(chunk);
  return found;
}

function cutUp(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function mustBeType(name: string): FrameType {
  const all: readonly FrameType[] = [
    ...TYPES,
    "HELLO",
    "WELCOME",
    "OPEN",
    "CONTROL",
    "CANCEL",
    "PING",
    "AWAKE",
  ];
  const type = all.find((one) => one === name);
  if (!type) throw new Error(`no type ${name}`);
  return type;
}
