import assert from "node:assert/strict";
import { appendFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { setTimeout as passed } from "node:timers/promises";

import { type ItemHash, parseItemHash } from "#core/aleph/item-hash.ts";
import type { LogFile, LogLine } from "#core/aleph/ports/run-logs.ts";
import { MIB } from "#lib/bytes.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { trimLog } from "./console-logs.ts";
import { FileRunLogs } from "./run-logs.ts";

const never = new AbortController().signal;

describe("run logs", { timeout: 60_000 }, () => {
  test("lines of both streams are kept without their ends, and after the machine's end", async () => {
    await using scene = await aScene();
    const { logs, hash, console: stdout, vmm } = scene;
    await writeFile(stdout, "one\r\ntwo\n");
    await writeFile(vmm, "complaint\n");
    logs.attend(hash, scene.files);
    logs.ended(hash, "QEMU ended with exit code 1");
    const past = await allOf(logs.past(hash, never));
    assert.deepEqual(past.map(said), [
      "stdout one",
      "stdout two",
      "stderr complaint",
      "stderr QEMU ended with exit code 1",
    ]);
    const { mtimeMs } = await stat(stdout);
    assert.equal(past[0]?.at.getTime(), Math.floor(mtimeMs));
  });

  test("a watcher gets what was, what comes, and an end with the machine's", async () => {
    await using scene = await aScene();
    const { logs, hash, console: stdout } = scene;
    await writeFile(stdout, "past\n");
    logs.attend(hash, scene.files);
    const reader = logs.follow(hash, never)[Symbol.asyncIterator]();
    assert.equal((await reader.next()).value?.text, "past");
    await appendFile(stdout, "unfinish");
    await appendFile(stdout, "ed\n");
    assert.equal((await reader.next()).value?.text, "unfinished");
    await appendFile(stdout, "login: ");
    logs.ended(hash, undefined);
    assert.equal((await reader.next()).value?.text, "login: ");
    assert.equal((await reader.next()).done, true);
  });

  test("one who watches a VM that does not run gets the past and an end at once", async () => {
    await using scene = await aScene();
    await writeFile(scene.console, "past\n");
    scene.logs.attend(scene.hash, scene.files);
    scene.logs.ended(scene.hash, undefined);
    assert.deepEqual((await allOf(scene.logs.follow(scene.hash, never))).map(said), [
      "stdout past",
    ]);
  });

  test("a watcher stays over a reboot, which makes a new machine", async () => {
    await using scene = await aScene();
    const { logs, hash, console: stdout } = scene;
    await writeFile(stdout, "first\n");
    logs.attend(hash, scene.files);
    const reader = logs.follow(hash, never)[Symbol.asyncIterator]();
    assert.equal((await reader.next()).value?.text, "first");
    logs.ended(hash, undefined);
    logs.attend(hash, scene.files);
    await appendFile(stdout, "second\n");
    assert.equal((await reader.next()).value?.text, "second");
    await reader.return?.();
  });

  test("the next daemon goes on where the last one stopped, and says nothing twice", async () => {
    await using scene = await aScene();
    const { hash, console: stdout } = scene;
    await writeFile(stdout, "one\ntwo\nhal");
    scene.logs.attend(hash, scene.files);
    await until(async () => (await allOf(scene.logs.past(hash, never))).length === 2);
    await scene.logs[Symbol.asyncDispose]();
    await appendFile(stdout, "f\nfour\n");
    await using later = await FileRunLogs.open(scene.deps);
    later.attend(hash, scene.files);
    await until(async () => (await allOf(later.past(hash, never))).length === 4);
    assert.deepEqual(
      (await allOf(later.past(hash, never))).map(({ text }) => text),
      ["one", "two", "half", "four"],
    );
  });

  test("what a write that was torn has left is not there for the next daemon", async () => {
    await using scene = await aScene();
    const { hash, console: stdout } = scene;
    await writeFile(stdout, "one\n");
    scene.logs.attend(hash, scene.files);
    await until(async () => (await allOf(scene.logs.past(hash, never))).length === 1);
    await scene.logs[Symbol.asyncDispose]();
    const [segment = ""] = await readdir(path.join(scene.deps.root, hash));
    await appendFile(path.join(scene.deps.root, hash, segment), "oabc half a rec");
    await using later = await FileRunLogs.open(scene.deps);
    assert.deepEqual((await allOf(later.past(hash, never))).map(said), ["stdout one"]);
  });

  test("a log that the host cuts is read on without a gap", async () => {
    await using scene = await aScene();
    const { logs, hash, console: stdout } = scene;
    const filler = Array.from({ length: 90_000 }, (_, index) => `line ${index} ${"x".repeat(90)}`);
    await writeFile(stdout, `${filler.join("\n")}\n`);
    logs.attend(hash, scene.files);
    await until(
      async () => (await lastOf(logs.past(hash, never)))?.text === filler.at(-1),
      SELDOM_MS,
    );
    await trimLog(stdout);
    await appendFile(stdout, "after the cut\n");
    await until(
      async () => (await lastOf(logs.past(hash, never)))?.text === "after the cut",
      SELDOM_MS,
    );
    const texts = (await allOf(logs.past(hash, never))).map(({ text }) => text);
    assert.equal(new Set(texts).size, texts.length);
    assert.equal(texts.at(-2), filler.at(-1));
  });

  test("bytes that are no text are replaced, and a line without an end comes in pieces", async () => {
    await using scene = await aScene();
    const { logs, hash } = scene;
    const hostile = Buffer.from([0xff, 0x00, 0x1b, 0x5b, 0x0a, 0x40, 0x39, 0x0a]);
    await writeFile(scene.console, Buffer.concat([hostile, Buffer.alloc(40_000, "ä")]));
    logs.attend(hash, scene.files);
    logs.ended(hash, undefined);
    const texts = (await allOf(logs.past(hash, never))).map(({ text }) => text);
    assert.deepEqual(texts.slice(0, 2), ["\u{fffd}\0\u{1b}[", "@9"]);
    assert.equal(texts.slice(2).join(""), "ä".repeat(20_000));
    assert.ok(texts.slice(2).every((text) => Buffer.byteLength(text) <= 16_384));
  });

  test("a guest that writes without an end has a bounded log, and slow watchers are told", async () => {
    await using scene = await aScene();
    const { logs, hash } = scene;
    const files: LogFile[] = [{ path: scene.console, stream: "stdout" }];
    await writeFile(scene.console, "begin\n");
    logs.attend(hash, files);
    const slow = logs.follow(hash, never)[Symbol.asyncIterator]();
    assert.equal((await slow.next()).value?.text, "begin");
    const block = `${"y".repeat(8000)}\n`.repeat(900);
    for (let round = 1; round <= 4; round += 1) {
      await appendFile(scene.console, `${block}round ${round}\n`);
      await until(
        async () => (await lastOf(logs.past(hash, never)))?.text === `round ${round}`,
        SELDOM_MS,
      );
      await truncate(scene.console, 0);
      await until(async () => (await stat(scene.console)).size === 0);
      await passed(300);
    }
    const directory = path.join(scene.deps.root, hash);
    const names = await readdir(directory);
    const sizes = await Promise.all(
      names.map(async (it) => (await stat(path.join(directory, it))).size),
    );
    assert.equal(names.length, 2);
    assert.ok(sizes.every((size) => size < 9 * MIB));
    const notes: string[] = [];
    for (let line = await slow.next(); !line.done; line = await slow.next()) {
      if (line.value.stream === "stderr") notes.push(line.value.text);
      if (line.value.text === "round 4") break;
    }
    await slow.return?.();
    assert.match(notes.join(), /^\[\d+ lines are missing here/);
  });

  test("what is erased is gone, and whoever watched it may leave", async () => {
    await using scene = await aScene();
    const { logs, hash } = scene;
    await writeFile(scene.console, "one\n");
    logs.attend(hash, scene.files);
    const left = new AbortController();
    const reader = logs.follow(hash, left.signal)[Symbol.asyncIterator]();
    await reader.next();
    await logs.remove(hash);
    assert.deepEqual(await readdir(scene.deps.root), []);
    assert.deepEqual(await allOf(logs.past(hash, never)), []);
    const next = reader.next();
    left.abort(new Error("client left"));
    await assert.rejects(next, /client left/);
  });

  test("a file that is removed with its machine is read to its end", async () => {
    await using scene = await aScene();
    const { logs, hash, vmm } = scene;
    await writeFile(vmm, "one\n");
    logs.attend(hash, scene.files);
    await until(async () => (await allOf(logs.past(hash, never))).length === 1);
    await appendFile(vmm, "last words\n");
    await rm(vmm);
    logs.ended(hash, undefined);
    assert.equal((await lastOf(logs.past(hash, never)))?.text, "last words");
  });
});

async function aScene() {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await tempDir());
  const deps = {
    root: path.join(directory.path, "logs"),
    rebootGraceMs: 300,
    log: new RememberingLog(),
  };
  const logs = stack.use(await FileRunLogs.open(deps));
  const [stdout, vmm] = ["console.log", "vmm.log"].map((name) => path.join(directory.path, name));
  if (stdout === undefined || vmm === undefined) throw new Error("invariant: two names, two paths");
  const files: LogFile[] = [
    { path: stdout, stream: "stdout" },
    { path: vmm, stream: "stderr" },
  ];
  const over = stack.move();
  const end = () => over.disposeAsync();
  return { deps, logs, files, hash: aHash(), console: stdout, vmm, [Symbol.asyncDispose]: end };
}

function aHash(): ItemHash {
  const hash = parseItemHash("decadeca".repeat(8));
  if (hash) return hash;
  throw new Error("invariant: 64 digits are a hash");
}

function said({ stream, text }: LogLine): string {
  return `${stream} ${text}`;
}

/** to look at a long log takes longer than a moment */
const SELDOM_MS = 400;

/** Waits for what a test expects; the test's own limit ends it. */
async function until(holds: () => Promise<boolean>, everyMs = 50): Promise<void> {
  while (!(await holds())) await passed(everyMs);
}

async function allOf(lines: AsyncIterable<LogLine>): Promise<readonly LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

async function lastOf(lines: AsyncIterable<LogLine>): Promise<LogLine | undefined> {
  return (await allOf(lines)).at(-1);
}
