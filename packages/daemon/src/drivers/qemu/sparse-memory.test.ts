import assert from "node:assert/strict";
import { type FileHandle, mkdtempDisposable, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { never } from "#testing/fake-host.ts";

import { carryMemory } from "./sparse-memory.ts";

const GRAIN = 16 * 1024;
const BYTES = 5 * 1024 * 1024; // more than is read at once, and no multiple of it

/** Memory with words at some places, and the file that it is carried to. */
async function carried(places: readonly number[]) {
  await using home = await mkdtempDisposable(path.join(tmpdir(), "sparse-memory-"));
  await using from = await open(path.join(home.path, "from"), "wx+");
  await using to = await open(path.join(home.path, "to"), "wx+");
  for (const place of places) await from.write("words", place);
  await Promise.all([from.truncate(BYTES), to.truncate(BYTES)]);
  const result = await carryMemory(from, to, BYTES, never);
  assert.deepEqual(await whole(to), await whole(from));
  return { ...result, allocated: (await to.stat()).blocks * 512 };
}

async function whole(file: FileHandle): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(BYTES), 0, BYTES, 0);
  return buffer;
}

test("sparse memory: what is not zero is carried, the rest stays a hole", async () => {
  const last = BYTES - 5;
  const { storedBytes, allocated } = await carried([0, GRAIN * 2 - 2, 4 * 1024 * 1024 - 2, last]);

  assert.equal(storedBytes, 6 * GRAIN);
  assert.ok(allocated <= storedBytes, `${allocated} bytes are on the disk`);
});

test("sparse memory: the fingerprint tells places and content apart", async () => {
  const prints = await Promise.all(
    [[], [0], [1], [GRAIN], [0, GRAIN], [0, 2 * GRAIN]].map(async (places) => {
      return (await carried(places)).sha256;
    }),
  );

  assert.equal(new Set(prints).size, prints.length);
  assert.equal((await carried([0, GRAIN])).sha256, prints[4]);
});

test("sparse memory: a file that is too short is refused", async () => {
  await using home = await mkdtempDisposable(path.join(tmpdir(), "sparse-memory-"));
  await using file = await open(path.join(home.path, "short"), "wx+");
  await file.write("words");

  await assert.rejects(carryMemory(file, file, BYTES, never), /ends after 5 bytes/);
});
