import assert from "node:assert/strict";
import { appendFile, mkdtempDisposable, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { followConsoleLog } from "./console-follow.ts";

const TIME_LIMIT = { timeout: 10_000 };

test(
  "console: a live reader gets what is appended, and ends when the log is removed",
  TIME_LIMIT,
  async () => {
    await using scratch = await mkdtempDisposable(path.join(tmpdir(), "alcove-console-"));
    const log = path.join(scratch.path, "console.log");
    await writeFile(log, "before\n");
    const reader = followConsoleLog(log, 0, new AbortController().signal);
    const first = reader.next();
    await appended(log, "one\n", first);
    assert.equal(text((await first).value), "one\n");
    const rest = reader.next();
    await rm(log);
    assert.equal((await rest).done, true);
  },
);

test(
  "console: a reader that asks for the end of what is there gets that first",
  TIME_LIMIT,
  async () => {
    await using scratch = await mkdtempDisposable(path.join(tmpdir(), "alcove-console-"));
    const log = path.join(scratch.path, "console.log");
    await writeFile(log, "one\ntwo\n");
    const reader = followConsoleLog(log, 4, new AbortController().signal);
    assert.equal(text((await reader.next()).value), "two\n");
    await appendFile(log, "three\n"); // it watches already: nothing falls between
    assert.equal(text((await reader.next()).value), "three\n");
    await reader.return(undefined);
    const all = followConsoleLog(log, 1_000, new AbortController().signal);
    assert.equal(text((await all.next()).value), "one\ntwo\nthree\n");
    await all.return(undefined);
  },
);

test("console: a log that was cut is read on from its new end", TIME_LIMIT, async () => {
  await using scratch = await mkdtempDisposable(path.join(tmpdir(), "alcove-console-"));
  const log = path.join(scratch.path, "console.log");
  await writeFile(log, "a".repeat(1000));
  const reader = followConsoleLog(log, 0, new AbortController().signal);
  const first = reader.next();
  await appended(log, "first", first);
  await first;
  const second = reader.next();
  await truncate(log, 10);
  await appended(log, "second", second);
  assert.match(text((await second).value), /^(second)+$/);
  await reader.return(undefined);
});

test("console: a reader that leaves gets its own reason", TIME_LIMIT, async () => {
  await using scratch = await mkdtempDisposable(path.join(tmpdir(), "alcove-console-"));
  const log = path.join(scratch.path, "console.log");
  await writeFile(log, "");
  const left = new AbortController();
  const next = followConsoleLog(log, 0, left.signal).next();
  left.abort(new Error("client left"));
  await assert.rejects(next, (error) => error instanceof Error && error.name === "AbortError");
});

/** Appends until the reader has seen something: it may not be watching yet. */
async function appended(log: string, what: string, seen: Promise<unknown>): Promise<void> {
  const done = { yet: false };
  void seen.finally(() => {
    done.yet = true;
  });
  while (!done.yet) {
    await appendFile(log, what);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.race([seen, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
}

function text(value: Uint8Array | void): string {
  const got = value ? Buffer.from(value).toString() : "";
  return got.replace(/^(one\n)+$/, "one\n");
}
