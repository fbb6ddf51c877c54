import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { AlcoveError } from "#core/errors.ts";

import { type LockHolder, lockStore } from "./store-lock.ts";

const never = new AbortController().signal;

const request = (waitMs: number, waited: LockHolder[] = []) => ({
  purpose: "testing",
  waitMs,
  onWait: (holder: LockHolder) => void waited.push(holder),
});

async function tempDir() {
  const dir = await mkdtemp(path.join(tmpdir(), "store-lock-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

describe("store lock", { timeout: 20_000 }, () => {
  test("keeps a second one out and says who holds it", async () => {
    await using at = await tempDir();
    const waited: LockHolder[] = [];
    await using _held = await lockStore(at.dir, request(0), never);
    await assert.rejects(lockStore(at.dir, request(300, waited), never), (error: unknown) => {
      assert.ok(AlcoveError.is(error, "image_store_busy"));
      assert.match(error.message, new RegExp(`process ${process.pid} \\(testing\\)`));
      return true;
    });
    assert.equal(waited.length, 1);
  });

  test("is passed on when it is given back, and leaves no file", async () => {
    await using at = await tempDir();
    const first = await lockStore(at.dir, request(0), never);
    const second = lockStore(at.dir, request(5000), never);
    await first[Symbol.asyncDispose]();
    await (await second)[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(at.dir), []);
  });

  const leftovers: [string, string][] = [
    ["a process that is gone", '{"pid":4194305,"startTicks":"1","purpose":"x"}'],
    [
      "a pid that now belongs to another process",
      `{"pid":${process.pid},"startTicks":"1","purpose":"x"}`,
    ],
    ["a power cut", ""],
  ];
  for (const [whose, content] of leftovers) {
    test(`left by ${whose} is taken over`, async () => {
      await using at = await tempDir();
      await writeFile(path.join(at.dir, "lock"), content);
      await using _held = await lockStore(at.dir, request(0), never);
      const text = await readFile(path.join(at.dir, "lock"), "utf8");
      assert.equal(JSON.parse(text).purpose, "testing");
    });
  }

  test("of many that see a stale lock at once, each gets it once", async () => {
    await using at = await tempDir();
    await writeFile(path.join(at.dir, "lock"), "");
    let inside = 0;
    const turns = Array.from({ length: 8 }, async () => {
      await using _held = await lockStore(at.dir, request(15_000), never);
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    });
    await Promise.all(turns);
  });

  test("a wait ends with the signal's own reason", async () => {
    await using at = await tempDir();
    await using _held = await lockStore(at.dir, request(0), never);
    const reason = new Error("client left");
    const controller = new AbortController();
    const waiting = lockStore(
      at.dir,
      { ...request(10_000), onWait: () => controller.abort(reason) },
      controller.signal,
    );
    await assert.rejects(waiting, reason);
  });
});
