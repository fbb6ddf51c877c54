import assert from "node:assert/strict";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { test } from "node:test";

import { never } from "#testing/fake-host.ts";

import { makeSharedMemory, sealMemory } from "./shared-memory.ts";

test("shared memory: it has its size, no content, and is for every user", async () => {
  await using memory = await makeSharedMemory(8192, never);

  const { size, blocks, mode } = await memory.handle.stat();

  assert.deepEqual([size, blocks], [8192, 0]);
  assert.equal(mode & 0o666, 0o666);
});

test("shared memory: sealed, it is read by whoever has it, and changed by nobody", async () => {
  await using memory = await makeSharedMemory(8192, never);
  await memory.handle.write("words", 4096);

  await sealMemory(memory, never);

  await using again = await open(memory.path, constants.O_RDWR);
  const { buffer } = await again.read(Buffer.alloc(5), 0, 5, 4096);
  assert.equal(buffer.toString(), "words");
  for (const handle of [memory.handle, again]) {
    await assert.rejects(handle.write("other", 4096), { code: "EPERM" });
    await assert.rejects(handle.truncate(0), { code: "EPERM" });
    await assert.rejects(handle.truncate(16_384), { code: "EPERM" });
  }
});

test("shared memory: making it can be called off", async () => {
  const reason = new Error("client left");
  await assert.rejects(makeSharedMemory(8192, AbortSignal.abort(reason)), reason);
});
