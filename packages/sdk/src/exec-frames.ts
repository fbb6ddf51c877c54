/**
 * The lines of an exec stream, made into frames. Hosts that name the type of each line and older
 * ones that do not are both understood; the last frame is always `exit`.
 */

import { AlcoveProtocolError } from "./errors.ts";
import type { Codec } from "./wire.ts";

export type ExecFrame<B extends Uint8Array = Uint8Array> =
  | StartedFrame
  | OutputFrame<B>
  | ExitFrame;

export interface StartedFrame {
  readonly type: "started";
  readonly pid: number;
}

export interface OutputFrame<B extends Uint8Array = Uint8Array> {
  readonly type: "stdout" | "stderr";
  readonly bytes: B;
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

/** One line, parsed but not checked. */
export type Line = Readonly<Record<string, unknown>>;

/** @throws AlcoveProtocolError when the stream ends without saying how the process ended */
export async function* execFrames<B extends Uint8Array>(
  lines: AsyncIterable<Line>,
  codec: Codec<B>,
): AsyncGenerator<ExecFrame<B>> {
  let typed = false;
  let lastExitCode = 0;
  for await (const line of lines) {
    typed ||= typeof line["type"] === "string";
    lastExitCode = integerIn(line["exit_code"]) ?? 0;
    yield* framesIn(line, codec);
    if (!isLast(line, lastExitCode)) continue;
    yield exitFrom(line, lastExitCode);
    return;
  }
  if (typed) throw new AlcoveProtocolError("The stream ended before the process did");
  yield { type: "exit", exitCode: lastExitCode };
}

/** What a line says of a process that has not ended: its start, and output. */
export function* framesIn<B extends Uint8Array>(
  line: Line,
  codec: Codec<B>,
): Generator<StartedFrame | OutputFrame<B>> {
  if (line["type"] === "started") yield { type: "started", pid: integerIn(line["pid"]) ?? 0 };
  const decode = line["encoding"] === "base64" ? "fromBase64" : "fromText";
  for (const type of ["stdout", "stderr"] as const) {
    const spare = line["type"] === type ? textIn(line["data"]) : undefined;
    const payload = textIn(line[type]) ?? spare;
    if (payload !== undefined) yield { type, bytes: codec[decode](payload) };
  }
}

export function isLast(line: Line, exitCode: number): boolean {
  return line["type"] === "exit" || exitCode !== 0 || textIn(line["error"]) !== undefined;
}

export function exitFrom(line: Line, code: number): ExitFrame {
  const signal = textIn(line["signal"]);
  const error = textIn(line["error"]);
  return {
    type: "exit",
    // An error without a code must not look like success.
    exitCode: code === 0 && error !== undefined ? 1 : code,
    ...(signal === undefined ? {} : { signal }),
    ...(error === undefined ? {} : { error }),
  };
}

/** @returns `undefined` also for an empty text */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function integerIn(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}
