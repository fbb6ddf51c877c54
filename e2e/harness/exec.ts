/**
 * Commands in a guest, read as strictly as the strictest client reads them: every line ends with a
 * newline, none is blank, and the outcome is in the very last frame.
 */

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";

import type { Api, Ask, Query } from "./api.ts";
import { asObject, assertTime, isObject } from "./json-value.ts";

/** one line of an answer */
export interface Frame {
  readonly type?: string;
  readonly pid?: number;
  readonly encoding?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly signal?: string;
  readonly error?: string;
}

export interface ExecEnd {
  readonly frames: readonly Frame[];
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
  readonly last: Frame;
}

/** Runs a command to its end. `query` is the request's, as it is. */
export async function exec(
  api: Api,
  hostname: string,
  query: Query,
  ask: Ask = {},
): Promise<ExecEnd> {
  const { response } = await api.open("POST", `/vm/${hostname}/exec`, { ...ask, query });
  assert.equal(response.statusCode, 200, "an exec that was accepted answers 200");
  assert.equal(response.headers["content-type"], "application/x-ndjson");
  assert.equal(response.headers["content-encoding"], undefined);
  const frames: Frame[] = [];
  for await (const frame of framesOf(response)) frames.push(frame);
  return endOf(frames);
}

/** Runs a line of shell as root. @returns its standard output without the last newline */
export async function sh(api: Api, hostname: string, script: string): Promise<string> {
  const { stdout, stderr, exitCode } = await exec(api, hostname, { cmd: script, shell: "/bin/sh" });
  assert.equal(exitCode, 0, `${script}\nended with ${exitCode}: ${stderr.toString()}`);
  return stdout.toString().replace(/\n$/, "");
}

export async function* framesOf(response: IncomingMessage): AsyncGenerator<Frame> {
  let rest = "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of response) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield frameOf(line);
  }
  assert.equal(rest + decoder.decode(), "", "the last line is not terminated");
}

function frameOf(line: string): Frame {
  assert.notEqual(line.trim(), "", "a blank line in the stream");
  const fields = asObject(JSON.parse(line));
  assertTime(fields["timestamp"]);
  for (const name of ["started_at", "ended_at"]) {
    if (name in fields) assertTime(fields[name]);
  }
  const { type, pid, encoding, stdout, stderr, signal, error, exit_code: exitCode } = fields;
  assert.ok(typeof stdout === "string" && typeof stderr === "string", line);
  assert.ok(Number.isInteger(exitCode) && typeof exitCode === "number", line);
  return {
    stdout,
    stderr,
    exitCode,
    ...optionalText("type", type),
    ...(typeof pid === "number" ? { pid } : {}),
    ...optionalText("encoding", encoding),
    ...optionalText("signal", signal),
    ...optionalText("error", error),
  };
}

function optionalText(name: string, value: unknown): Record<string, string> {
  return typeof value === "string" ? { [name]: value } : {};
}

function endOf(frames: readonly Frame[]): ExecEnd {
  const last = frames.at(-1);
  assert.ok(last, "an exec answers with at least one frame");
  for (const frame of frames.slice(0, -1)) {
    assert.equal(frame.exitCode, 0, "only the last frame may carry an exit code");
    assert.equal(frame.error, undefined, "only the last frame may carry an error");
  }
  const bytes = (stream: "stdout" | "stderr") =>
    Buffer.concat(
      frames.map((frame) =>
        Buffer.from(frame[stream], frame.encoding === "base64" ? "base64" : "utf8"),
      ),
    );
  return {
    frames,
    stdout: bytes("stdout"),
    stderr: bytes("stderr"),
    exitCode: last.exitCode,
    last,
  };
}

/** The answer of a buffered exec. */
export async function execBuffered(api: Api, hostname: string, query: Query) {
  const answer = await api.post(`/vm/${hostname}/exec`, { query: { ...query, buffered: true } });
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.headers["content-type"]), /^application\/json/);
  const value = answer.json;
  assert.ok(isObject(value));
  return value;
}
