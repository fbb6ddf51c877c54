import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { Child } from "./child.ts";
import { ProgramFailed, ProgramMissing, run, runText, TOOL_ENV } from "./run.ts";

const never = new AbortController().signal;
const sh = (script: string) => ({ file: "/bin/sh", args: ["-c", script] });
const spec = (script: string) => ({ ...sh(script), env: TOOL_ENV, graceMs: 100 });

describe("child", { timeout: 20_000 }, () => {
  test("its end carries exit code and last words", async () => {
    await using child = await Child.spawn(spec("echo sorry >&2; exit 3"));
    assert.deepEqual(await child.ended, { exitCode: 3, signal: null, stderrTail: "sorry\n" });
    assert.equal(child.running, false);
  });

  test("one that ignores SIGTERM is killed after the grace period", async () => {
    const child = await Child.spawn({
      ...spec("trap '' TERM; echo up; while :; do sleep 1; done"),
      stdout: "pipe",
    });
    await child.stdout?.[Symbol.asyncIterator]().next();
    await child[Symbol.asyncDispose]();
    await child[Symbol.asyncDispose]();
    assert.equal((await child.ended).signal, "SIGKILL");
  });

  test("one with its own session takes its children with it", async () => {
    const child = await Child.spawn({
      ...spec("sleep 1000 & echo $!; wait"),
      session: "own",
      stdout: "pipe",
    });
    const { value } = (await child.stdout?.[Symbol.asyncIterator]().next()) ?? {};
    await child[Symbol.asyncDispose]();
    assert.ok(await gone(Number(String(value))));
  });

  test("gets exactly the environment it is given, and open files as descriptors", async () => {
    const file = path.join(tmpdir(), `child-test-${process.pid}`);
    const fd = openSync(file, "w");
    const child = await Child.spawn({
      file: "/usr/bin/env",
      args: [],
      env: { ONLY: "this" },
      graceMs: 0,
      stdout: fd,
    });
    await child.ended;
    closeSync(fd);
    assert.equal(readFileSync(file, "utf8"), "ONLY=this\n");
    rmSync(file);
  });

  test("rejects when the program cannot be started", async () => {
    await assert.rejects(
      Child.spawn({ file: "/nonexistent/x", args: [], env: {}, graceMs: 0 }),
      /nonexistent/,
    );
  });
});

describe("run", { timeout: 20_000 }, () => {
  test("resolves with stdout and feeds stdin", async () => {
    assert.equal(await runText({ ...sh("tr a-z A-Z"), input: "hello" }, never), "HELLO");
  });

  test("a failure names the program, the code and its last words, without control characters", async () => {
    const failing = run(sh("printf 'no\\033[31m luck' >&2; exit 7"), never);
    await assert.rejects(failing, (error: unknown) => {
      assert.ok(error instanceof ProgramFailed);
      assert.equal(error.exitCode, 7);
      assert.equal(error.message, "/bin/sh failed with exit code 7: no [31m luck");
      return true;
    });
  });

  test("a run whose time is over says what did not end", async () => {
    await assert.rejects(run(sh("exec sleep 60"), AbortSignal.timeout(50)), {
      name: "TimeoutError",
      message: "/bin/sh did not end in time",
    });
  });

  test("a program that is not there is reported as missing", async () => {
    await assert.rejects(run({ file: "no-such-program", args: [] }, never), ProgramMissing);
  });

  test("an abort ends the program and rejects with the signal's own reason", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const running = run(
      { ...sh("echo on; sleep 1000"), onLine: () => controller.abort(reason) },
      controller.signal,
    );
    await assert.rejects(running, reason);
  });

  test("output beyond the bound ends the run", async () => {
    await assert.rejects(run({ ...sh("yes"), maxOutputBytes: 1000 }, never), /too much output/);
  });

  test("lines are handed on one by one", async () => {
    const lines: string[] = [];
    await run({ ...sh("printf 'a\\nb\\r\\nc'"), onLine: (line) => lines.push(line) }, never);
    assert.deepEqual(lines, ["a", "b", "c"]);
  });
});

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      // A killed orphan may stay as a zombie until its new parent reaps it.
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return true;
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
