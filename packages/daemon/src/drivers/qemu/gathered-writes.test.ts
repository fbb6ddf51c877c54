import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { GatheredWrites } from "./gathered-writes.ts";

test("gathered writes: every byte is there in its order, whatever the pieces were", async () => {
  await using directory = await tempDir();
  const name = path.join(directory.path, "memory");
  const all = randomBytes(5 * 1024 * 1024 + 3);
  {
    await using file = await open(name, "wx");
    const writes = new GatheredWrites(file);
    for (let at = 0, size = 1; at < all.length; at += size, size = (size * 3) % 200_003) {
      await writes.take(all.subarray(at, at + size));
    }
    await writes.end();
  }
  assert.ok((await readFile(name)).equals(all));
});

test("gathered writes: what cannot be written is said by the next piece, or at the end", async () => {
  await using file = await open("/dev/full", "w");
  const writes = new GatheredWrites(file);
  await writes.take(Buffer.alloc(1024 * 1024));
  await assert.rejects(writes.end(), /ENOSPC/);
});
