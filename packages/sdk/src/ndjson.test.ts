import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { AlcoveProtocolError } from "./errors.ts";
import { LINE_LIMIT_BYTES } from "./lines.ts";
import { readNdjson } from "./ndjson.ts";

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
  at.sort((a, b) => a - b);
  for (const [index, start] of at.entries()) yield bytes.subarray(start, at[index + 1] ?? start);
}

async function read(text: string | Uint8Array, cuts: readonly number[] = []): Promise<unknown[]> {
  return await Array.fromAsync(readNdjson(pieces(Buffer.from(text), cuts)));
}

test("ndjson: objects survive any cut of their bytes", async () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()));
  await fc.assert(
    fc.asyncProperty(objects, fc.array(fc.nat()), async (values, cuts) => {
      const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
      assert.equal(JSON.stringify(await read(text, cuts)), JSON.stringify(values));
    }),
    { numRuns: 200 },
  );
});

test("ndjson: blank lines and carriage returns are skipped", async () => {
  assert.deepEqual(await read('\n{"a":1}\r\n\r\n{"b":2}\n'), [{ a: 1 }, { b: 2 }]);
});

test("ndjson: what is no line of the protocol is an error, never a frame", async () => {
  for (const text of ["[1]\n", "null\n", "{\n", '{"a":1}', "\u0000\n", "4\n"]) {
    await assert.rejects(read(text), AlcoveProtocolError, JSON.stringify(text));
  }
});

test("ndjson: any bytes end in frames or in a protocol error", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat()), async (bytes, cuts) => {
      await read(bytes, cuts).catch((error: unknown) =>
        assert.ok(error instanceof AlcoveProtocolError),
      );
    }),
    { numRuns: 200 },
  );
});

test("ndjson: an endless line stops at the bound", async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      sent += 65_536;
      yield Buffer.alloc(65_536, "x");
    }
  }
  await assert.rejects(Array.fromAsync(readNdjson(endless())), AlcoveProtocolError);
  assert.ok(sent <= LINE_LIMIT_BYTES + 65_536);
});
