import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveProtocolError } from "./errors.ts";
import { type ExecFrame, execFrames } from "./exec-frames.ts";
import { bufferCodec } from "./node/buffer-codec.ts";

async function frames(...lines: Record<string, unknown>[]): Promise<ExecFrame[]> {
  return await Array.fromAsync(execFrames(toStream(lines), bufferCodec));
}

async function* toStream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

test("exec frames: a typed stream keeps order, bytes and the exit code", async () => {
  const seen = await frames(
    { type: "started", pid: 7 },
    { type: "stdout", stdout: "/wA=", stderr: "", encoding: "base64", exit_code: 0 },
    { type: "stderr", stdout: "", stderr: "é", exit_code: 0 },
    { type: "exit", exit_code: 143, signal: "SIGTERM" },
  );
  assert.deepEqual(seen, [
    { type: "started", pid: 7 },
    { type: "stdout", bytes: Buffer.from([255, 0]) },
    { type: "stderr", bytes: Buffer.from("é") },
    { type: "exit", exitCode: 143, signal: "SIGTERM" },
  ]);
});

test("exec frames: an untyped stream ends with the last exit code, absent counting as 0", async () => {
  assert.deepEqual(await frames({ stdout: "a", exit_code: 0 }, { stderr: "b" }), [
    { type: "stdout", bytes: Buffer.from("a") },
    { type: "stderr", bytes: Buffer.from("b") },
    { type: "exit", exitCode: 0 },
  ]);
  assert.deepEqual(await frames({ exit_code: 42 }), [{ type: "exit", exitCode: 42 }]);
});

test("exec frames: the payload of a typed frame may stand in data", async () => {
  const [first] = await frames(
    { type: "stdout", data: "aGk=", encoding: "base64" },
    { type: "exit" },
  );
  assert.deepEqual(first, { type: "stdout", bytes: Buffer.from("hi") });
});

test("exec frames: an error is never a success", async () => {
  assert.deepEqual(await frames({ error: "no such program", exit_code: 127 }), [
    { type: "exit", exitCode: 127, error: "no such program" },
  ]);
  assert.deepEqual(await frames({ error: "lost" }), [{ type: "exit", exitCode: 1, error: "lost" }]);
});

test("exec frames: a typed stream that just stops is an error", async () => {
  await assert.rejects(frames({ type: "started", pid: 1 }), AlcoveProtocolError);
});
