/**
 * How a VM's kept log is written: one record a line, so that a log is whole up to any newline.
 *
 *     o<time> <text>      a line of stdout, or `e` of stderr; time in ms since 1970, base 36
 *     @<count> <file> <offset> <file> <offset>
 *                         how many lines there were since the beginning, and how far stdout and stderr
 *                         had been read when all before this was written
 *
 * Text is kept as the bytes it came as. It holds no newline, and every record of a guest's has a letter
 * of ours before it: a guest cannot write a record.
 */

import type { LogLine } from "#core/aleph/ports/run-logs.ts";

export type LogStream = LogLine["stream"];

/** How far a file has been read, and which file that was: another of the same name begins anew. */
export interface ReadMark {
  readonly file: string;
  readonly offset: number;
}

export type ReadMarks = Readonly<Record<LogStream, ReadMark | undefined>>;

export const NOTHING_READ: ReadMarks = { stdout: undefined, stderr: undefined };

export interface RawLine {
  /** ms since 1970 */
  readonly at: number;
  readonly stream: LogStream;
  /** without a newline */
  readonly bytes: Uint8Array;
}

export interface Checkpoint {
  /** lines since the beginning */
  readonly count: number;
  readonly marks: ReadMarks;
}

export type LogRecord =
  | { readonly kind: "line"; readonly line: LogLine }
  | { readonly kind: "checkpoint"; readonly checkpoint: Checkpoint };

const NEWLINE = 0x0a;
const LETTERS: Readonly<Record<LogStream, string>> = { stdout: "o", stderr: "e" };
const NO_MARK = "- 0";

export function lineRecord({ at, stream, bytes }: RawLine): Buffer {
  const head = `${LETTERS[stream]}${at.toString(36)} `;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from("\n")]);
}

export function checkpointRecord({ count, marks }: Checkpoint): Buffer {
  const [stdout, stderr] = [marks.stdout, marks.stderr].map((mark) =>
    mark ? `${mark.file} ${mark.offset}` : NO_MARK,
  );
  return Buffer.from(`@${count} ${stdout} ${stderr}\n`);
}

/** @param record without its newline. @returns `undefined` for what is none */
export function parseRecord(record: Buffer): LogRecord | undefined {
  const letter = String.fromCharCode(record[0] ?? 0);
  if (letter === "@") return checkpointFrom(record.toString("latin1", 1));
  const stream = letter === LETTERS.stdout ? "stdout" : "stderr";
  const space = record.indexOf(" ");
  if (letter !== LETTERS[stream] || space < 2) return undefined;
  const at = new Date(Number.parseInt(record.toString("latin1", 1, space), 36));
  return { kind: "line", line: { at, stream, text: record.toString("utf8", space + 1) } };
}

function checkpointFrom(text: string): LogRecord | undefined {
  const parts = text.split(" ");
  const [count = "", stdout, stdoutOffset, stderr, stderrOffset] = parts;
  if (parts.length !== 5 || !/^\d+$/.test(count)) return undefined;
  const marks = { stdout: markOf(stdout, stdoutOffset), stderr: markOf(stderr, stderrOffset) };
  return { kind: "checkpoint", checkpoint: { count: Number(count), marks } };
}

function markOf(file = "-", offset = "0"): ReadMark | undefined {
  return file === "-" ? undefined : { file, offset: Number(offset) };
}

/** @returns where the last whole checkpoint begins and ends in `bytes`, which begin with a record or in one */
export function lastCheckpoint(bytes: Buffer): { start: number; end: number } | undefined {
  const newline = bytes.lastIndexOf(NEWLINE);
  for (let end = newline; end >= 0; end = bytes.lastIndexOf(NEWLINE, end - 1)) {
    const start = end === 0 ? 0 : bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    if (bytes[start] === 0x40) return { start, end: end + 1 };
    if (end === 0) break;
  }
  return undefined;
}

/** Cuts what comes in pieces into records. */
export class RecordSplitter {
  #rest: Buffer = Buffer.alloc(0);

  *take(piece: Buffer): Generator<LogRecord> {
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      const record = parseRecord(bytes.subarray(0, end));
      bytes = bytes.subarray(end + 1);
      if (record) yield record;
    }
    this.#rest = Buffer.from(bytes);
  }
}
