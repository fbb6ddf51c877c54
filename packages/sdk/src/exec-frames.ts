/**
 * The lines of an exec stream, made into frames. Hosts that name the type of each line and older
 * ones that do not are both understood; the last frame is always `exit`.
 */

import { AlcoveProtocolError } from "./errors.ts";

export type ExecFrame = StartedFrame | OutputFrame | ExitFrame;

export interface StartedFrame {
  readonly type: "started";
  readonly pid: number;
}

export interface OutputFrame {
  readonly type: "stdout" | "stderr";
  readonly bytes: Buffer;
}

export interface ExitFrame {
  readonly type: "exit";
  /** 128+n when a signal ended it; 126 or 127 when it could not be started */
  readonly exitCode: number;
  /** name of the signal that ended the process */
  readonly signal?: string;
  /** why the process could not be started or went on without us */
  readonly error?: string;
}

/** @throws AlcoveProtocolError when the stream ends without saying how the process ended */
export async function* execFrames(
  lines: AsyncIterable<Readonly<Record<string, unknown>>>,
): AsyncGenerator<ExecFrame> {
  let typed = false;
  let lastExitCode = 0;
  for await (const line of lines) {
    typed ||= typeof line["type"] === "string";
    lastExitCode = integer(line["exit_code"]) ?? 0;
    yield* startedIn(line);
    yield* outputIn(line);
    if (!isLast(line, lastExitCode)) continue;
    yield exitFrom(line, lastExitCode);
    return;
  }
  if (typed) throw new AlcoveProtocolError("The stream ended before the process did");
  yield { type: "exit", exitCode: lastExitCode };
}

function isLast(line: Readonly<Record<string, unknown>>, exitCode: number): boolean {
  return line["type"] === "exit" || exitCode !== 0 || text(line["error"]) !== undefined;
}

function* startedIn(line: Readonly<Record<string, unknown>>): Generator<StartedFrame> {
  if (line["type"] !== "started") return;
  yield { type: "started", pid: integer(line["pid"]) ?? 0 };
}

function* outputIn(line: Readonly<Record<string, unknown>>): Generator<OutputFrame> {
  const encoding = line["encoding"] === "base64" ? "base64" : "utf8";
  for (const type of ["stdout", "stderr"] as const) {
    const spare = line["type"] === type ? text(line["data"]) : undefined;
    const payload = text(line[type]) ?? spare;
    if (payload !== undefined) yield { type, bytes: Buffer.from(payload, encoding) };
  }
}

function exitFrom(line: Readonly<Record<string, unknown>>, code: number): ExitFrame {
  const signal = text(line["signal"]);
  const error = text(line["error"]);
  return {
    type: "exit",
    // An error without a code must not look like success.
    exitCode: code === 0 && error !== undefined ? 1 : code,
    ...(signal === undefined ? {} : { signal }),
    ...(error === undefined ? {} : { error }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function integer(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}
