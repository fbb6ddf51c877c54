import assert from "node:assert/strict";
import { test } from "node:test";

import {
  array,
  assert as assertProperty,
  asyncProperty,
  constantFrom,
  nat,
  uint8Array,
} from "fast-check";

import { AlcoveError } from "#core/errors.ts";
import {
  GUEST_FAILURE_CODES,
  type GuestProcess,
  type ProcessEnd,
  type ProcessOutput,
  SessionLost,
} from "#core/ports/guest-link.ts";
import {
  assertStrict,
  count,
  exactly,
  matching,
  maybe,
  shape,
  text,
  time,
} from "#testing/strict-json.ts";
import { unicodeText } from "#testing/unicode-text.ts";

import { execFrames, failureOf, startFailureFrame, type Stdio } from "./exec-frames.ts";

interface Frame {
  readonly type: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number;
  readonly encoding?: string;
  readonly error?: string;
  readonly signal?: string;
}

const FRAME = shape({
  timestamp: time,
  type: matching(/^(started|stdout|stderr|exit)$/),
  pid: maybe(count),
  started_at: maybe(time),
  ended_at: maybe(time),
  stdout: text,
  stderr: text,
  exit_code: count,
  encoding: maybe(exactly("base64")),
  signal: maybe(text),
  error: maybe(text),
});

const now = () => new Date(1_700_000_000_123);

/** A process that says what a test gives it; an error in `end` breaks its session. */
function processOf(output: readonly ProcessOutput[], end: ProcessEnd | Error) {
  const cancelled = { times: 0 };
  const ended = end instanceof Error ? Promise.reject(end) : Promise.resolve(end);
  ended.catch(() => {});
  const process: GuestProcess = {
    pid: 42,
    output: said(output, end),
    ended,
    write: async () => {},
    endInput: () => {},
    resize: () => {},
    kill: () => {},
    cancel: () => void (cancelled.times += 1),
  };
  return { process, cancelled };
}

async function* said(
  output: readonly ProcessOutput[],
  end: ProcessEnd | Error,
): AsyncGenerator<ProcessOutput> {
  yield* output;
  if (end instanceof Error) throw end;
}

async function framesOf(process: GuestProcess, stdio: Stdio): Promise<readonly Frame[]> {
  const lines: string[] = [];
  for await (const line of execFrames(process, stdio, now)) lines.push(line);
  for (const line of lines) {
    assert.match(line, /^[^\n]+\n$/);
    assertStrict(line, FRAME);
  }
  return lines.map((line): Frame => JSON.parse(line));
}

const OK: ProcessEnd = { exitCode: 0, signal: undefined };

test("exec frames: a command that says something is started, heard, and ended", async () => {
  const output = [
    { stream: "stdout", bytes: Buffer.from("out\n") },
    { stream: "stderr", bytes: Buffer.from("err\n") },
  ] as const;
  const { process, cancelled } = processOf(output, { exitCode: 3, signal: undefined });
  const at = now().toISOString();
  const quiet = { stdout: "", stderr: "", exit_code: 0, timestamp: at };
  assert.deepEqual(await framesOf(process, "text"), [
    { ...quiet, type: "started", pid: 42, started_at: at },
    { ...quiet, type: "stdout", stdout: "out\n" },
    { ...quiet, type: "stderr", stderr: "err\n" },
    { ...quiet, type: "exit", pid: 42, ended_at: at, exit_code: 3 },
  ]);
  assert.equal(cancelled.times, 1);
});

test("exec frames: a signal is named in the last frame", async () => {
  const { process } = processOf([], { exitCode: 137, signal: "KILL" });
  const last = (await framesOf(process, "text")).at(-1);
  assert.partialDeepStrictEqual(last, { type: "exit", exit_code: 137, signal: "KILL" });
});

test("exec frames: a session that is lost in the middle ends with an error frame", async () => {
  const output = [{ stream: "stdout", bytes: Buffer.from("half") }] as const;
  const { process } = processOf(output, new SessionLost("the guest is gone"));
  const frames = await framesOf(process, "text");
  assert.deepEqual(
    frames.map(({ type }) => type),
    ["started", "stdout", "exit"],
  );
  assert.partialDeepStrictEqual(frames.at(-1), { exit_code: 1, error: "the guest is gone" });
});

test("exec frames: a client that stops listening ends the command", async () => {
  const output = [{ stream: "stdout", bytes: Buffer.from("a") }] as const;
  const { process, cancelled } = processOf(output, OK);
  for await (const line of execFrames(process, "text", now)) {
    assert.match(line, /started/);
    break;
  }
  assert.equal(cancelled.times, 1);
});

test("exec frames: text that is cut anywhere arrives whole, each frame whole in itself", async () => {
  await assertProperty(
    asyncProperty(unicodeText, array(nat()), async (whole, cuts) => {
      const pieces = cutAt(Buffer.from(whole), cuts);
      const output = pieces.map((bytes) => ({ stream: "stdout", bytes }) as const);
      const frames = await framesOf(processOf(output, OK).process, "text");
      const replaced = Buffer.from(whole).toString(); // lone surrogates are not in the bytes either
      assert.equal(frames.map(({ stdout }) => stdout).join(""), replaced);
      assert.equal(frames.at(-1)?.type, "exit");
    }),
  );
});

test("exec frames: bytes that are no text become what a decoder of all of them makes of them", async () => {
  await assertProperty(
    asyncProperty(uint8Array(), array(nat()), async (bytes, cuts) => {
      const output = cutAt(Buffer.from(bytes), cuts).map(
        (piece) => ({ stream: "stderr", bytes: piece }) as const,
      );
      const frames = await framesOf(processOf(output, OK).process, "text");
      const joined = frames.map(({ stderr }) => stderr).join("");
      assert.equal(joined, Buffer.from(bytes).toString());
    }),
  );
});

const piece = constantFrom("stdout" as const, "stderr" as const);

test("exec frames: two streams that take turns are not mixed up, and keep their order", async () => {
  await assertProperty(
    asyncProperty(unicodeText, array(piece), async (whole, streams) => {
      const bytes = Buffer.from(whole);
      const output = streams.flatMap((stream, at) => {
        const part = bytes.subarray(at, at + 1);
        return part.length === 0 ? [] : [{ stream, bytes: part }];
      });
      const frames = await framesOf(processOf(output, OK).process, "text");
      for (const stream of ["stdout", "stderr"] as const) {
        const sent = Buffer.concat(
          output.filter((it) => it.stream === stream).map((it) => it.bytes),
        );
        assert.equal(frames.map((frame) => frame[stream]).join(""), sent.toString());
      }
    }),
  );
});

test("exec frames: in base64 every frame can be decoded by itself, and says that it is base64", async () => {
  await assertProperty(
    asyncProperty(uint8Array(), array(nat()), async (bytes, cuts) => {
      const output = cutAt(Buffer.from(bytes), cuts).map(
        (part) => ({ stream: "stdout", bytes: part }) as const,
      );
      const frames = await framesOf(processOf(output, OK).process, "base64");
      const parts = frames.filter(({ stdout }) => stdout !== "");
      for (const { stdout, encoding } of parts) {
        assert.equal(encoding, "base64");
        assert.match(stdout, /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
      }
      const decoded = Buffer.concat(parts.map(({ stdout }) => Buffer.from(stdout, "base64")));
      assert.ok(decoded.equals(bytes));
    }),
  );
});

test("exec frames: what could not be started says so in one frame, with a shell's exit code", () => {
  for (const reason of GUEST_FAILURE_CODES) {
    const error = new AlcoveError("guest_refused", "no", { reason });
    const wanted = { not_found: 127, not_executable: 126, permission: 126 };
    const code = new Map<string, number>(Object.entries(wanted)).get(reason) ?? 1;
    assert.deepEqual(failureOf(error), { error: "no", exit_code: code });
    assert.deepEqual(JSON.parse(startFailureFrame(error, now())), {
      timestamp: now().toISOString(),
      stdout: "",
      stderr: "",
      error: "no",
      exit_code: code,
    });
  }
});

function cutAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
  const ends = [...places, bytes.length];
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
