/**
 * What a command says, as Slicer's NDJSON frames. Contract A13.3.
 *
 * A superset that old and new clients read: typed frames, and `exit_code` on each.
 * Every line ends with a newline; the frame with the outcome is the very last.
 */

import { StringDecoder } from "node:string_decoder";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import type { GuestProcess, ProcessEnd, ProcessOutput } from "#core/ports/guest-link.ts";

/** How output is put into JSON strings. */
export type Stdio = "text" | "base64";

const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

export async function* execFrames(
  process: GuestProcess,
  stdio: Stdio,
  now: () => Date,
): AsyncGenerator<string> {
  const { pid } = process;
  const encoders = { stdout: encoder(stdio), stderr: encoder(stdio) };
  try {
    yield startedFrame(pid, now());
    for await (const output of process.output) {
      const text = encoders[output.stream].write(output.bytes);
      if (text !== "") yield outputFrame(output.stream, text, stdio, now());
    }
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = encoders[stream].end();
      if (rest !== "") yield outputFrame(stream, rest, stdio, now());
    }
    yield exitFrame(pid, await process.ended, now());
  } catch (error) {
    yield frame({ timestamp: now(), type: "exit", pid, ...SILENT, ...failureOf(error) });
  } finally {
    process.cancel(); // the client left; harmless after an ordinary end
  }
}

/** The single frame of a command that could not be started. */
export function startFailureFrame(error: unknown, now: Date): string {
  return frame({ timestamp: now, ...SILENT, ...failureOf(error) });
}

/** How a command that did not run to its end is reported: by its own failure, not as one of the API. */
export function failureOf(error: unknown): { error: string; exit_code: number } {
  if (AlcoveError.is(error, "guest_refused")) {
    const { reason } = error.details;
    if (reason === "not_found") return { error: error.message, exit_code: NOT_FOUND };
    const denied = reason === "not_executable" || reason === "permission";
    return { error: error.message, exit_code: denied ? NOT_EXECUTABLE : 1 };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: message, exit_code: 1 };
}

export const SILENT = { stdout: "", stderr: "" };

function startedFrame(pid: number, at: Date): string {
  return frame({ timestamp: at, type: "started", pid, started_at: at, ...SILENT, exit_code: 0 });
}

function outputFrame(stream: ProcessOutput["stream"], text: string, stdio: Stdio, timestamp: Date) {
  const encoding = stdio === "base64" ? { encoding: "base64" } : {};
  return frame({ timestamp, type: stream, ...SILENT, [stream]: text, exit_code: 0, ...encoding });
}

function exitFrame(pid: number, end: ProcessEnd, at: Date): string {
  const signal = end.signal === undefined ? {} : { signal: end.signal };
  const { exitCode: exit_code } = end;
  return frame({ timestamp: at, type: "exit", pid, ended_at: at, ...SILENT, exit_code, ...signal });
}

/** One line. */
export function frame(fields: object): string {
  return `${JSON.stringify(fields)}\n`;
}

export function stdioOf(text: string | undefined): Stdio {
  if (text === undefined || text === "" || text === "text") return "text";
  if (text === "base64") return "base64";
  throw invalidRequest("stdio", `"${text}" is neither text nor base64`);
}

interface Encoder {
  write(bytes: Uint8Array): string;
  end(): string;
}

/** Text is cut only between characters: a decoder holds back what is incomplete. */
export function encoder(stdio: Stdio): Encoder {
  if (stdio === "text") {
    const decoder = new StringDecoder("utf8");
    return { write: (bytes) => decoder.write(asBuffer(bytes)), end: () => decoder.end() };
  }
  return { write: (bytes) => asBuffer(bytes).toString("base64"), end: () => "" };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
