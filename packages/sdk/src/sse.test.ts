import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveProtocolError } from "./errors.ts";
import { readEvents } from "./sse.ts";

async function read(...pieces: string[]) {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  return await Array.fromAsync(readEvents(chunks()));
}

test("server-sent events: fields of each, over any cut; comments are no events", async () => {
  const text = ": hello\n\nid: 1\nevent: watch\ndata: {\ndata: }\n\n:\n\nid:2\r\ndata:x\r\n\r\n";
  const wanted = [
    { id: "1", event: "watch", data: "{\n}" },
    { id: "2", event: "message", data: "x" },
  ];
  assert.deepEqual(await read(text), wanted);
  assert.deepEqual(await read(...text.split("")), wanted);
});

test("server-sent events: one without data is none, and one that is cut off is an error", async () => {
  assert.deepEqual(await read("id: 1\n\n", "event: watch\n\n"), []);
  await assert.rejects(read("data: {"), AlcoveProtocolError);
});
