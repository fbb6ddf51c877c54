import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "../errors.ts";
import type { GuestProcess, ProcessEnd, ProcessOutput } from "../ports/guest-link.ts";
import { MAX_KEPT_OUTPUT_BYTES, runToEnd } from "./run.ts";

const never = new AbortController().signal;
const PIECE = Buffer.alloc(64 * 1024, "x");

/** A process that says what a test gives it. */
function processOf(output: AsyncIterable<ProcessOutput>, ended: Promise<ProcessEnd>) {
  const cancelled = { times: 0 };
  const process: GuestProcess = {
    pid: 7,
    output,
    ended,
    write: async () => {},
    endInput: () => {},
    resize: () => {},
    kill: () => {},
    cancel: () => void (cancelled.times += 1),
  };
  return { process, cancelled };
}

async function* pieces(count: number): AsyncGenerator<ProcessOutput> {
  for (let at = 0; at < count; at += 1) {
    yield { stream: at % 2 === 0 ? "stdout" : "stderr", bytes: PIECE };
  }
}

async function* said(): AsyncGenerator<ProcessOutput> {
  const reused = Buffer.from("out 1 ");
  yield { stream: "stdout", bytes: reused };
  reused.fill("#"); // a transport may use its buffer again
  yield { stream: "stderr", bytes: Buffer.from("err") };
  yield { stream: "stdout", bytes: Buffer.from("out 2") };
}

async function* tooMuch(): AsyncGenerator<ProcessOutput> {
  yield* pieces(MAX_KEPT_OUTPUT_BYTES / PIECE.length);
  yield { stream: "stderr", bytes: Buffer.from("x") };
}

const ENDED: Promise<ProcessEnd> = Promise.resolve({ exitCode: 3, signal: undefined });

test("run: both streams are kept apart, with the exit code", async () => {
  const { stdout, stderr, end } = await runToEnd(processOf(said(), ENDED).process, never);
  assert.deepEqual(
    [Buffer.from(stdout).toString(), Buffer.from(stderr).toString(), end.exitCode],
    ["out 1 out 2", "err", 3],
  );
});

test("run: output up to the bound is kept", async () => {
  const { process } = processOf(pieces(MAX_KEPT_OUTPUT_BYTES / PIECE.length), ENDED);
  const { stdout, stderr } = await runToEnd(process, never);
  assert.equal(stdout.length + stderr.length, MAX_KEPT_OUTPUT_BYTES);
});

test("run: one byte more is refused, and the process is killed", async () => {
  const { process, cancelled } = processOf(tooMuch(), ENDED);
  await assert.rejects(
    runToEnd(process, never),
    (error) => AlcoveError.is(error, "invalid_request") && /more than 16 MiB/.test(error.message),
  );
  assert.equal(cancelled.times, 1);
});

test("run: a caller who leaves gets his own reason, and the process is killed", async () => {
  const silent = Promise.withResolvers<never>();
  async function* nothing(): AsyncGenerator<ProcessOutput> {
    yield await silent.promise;
  }
  const { process, cancelled } = processOf(nothing(), ENDED);
  const caller = new AbortController();
  const running = runToEnd(process, caller.signal);
  const reason = new Error("the caller left");
  caller.abort(reason);
  await assert.rejects(running, reason);
  assert.equal(cancelled.times, 1);
});

test("run: a session that breaks in the middle is no result", async () => {
  const lost = Promise.reject(new Error("the guest is gone"));
  lost.catch(() => {});
  const { process } = processOf(pieces(1), lost);
  await assert.rejects(runToEnd(process, never), /the guest is gone/);
});
