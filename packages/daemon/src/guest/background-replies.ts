/** What the guest says of its programs in the background: JSON and records → typed values. Pure. */

import type {
  BackgroundEnd,
  BackgroundKilled,
  BackgroundProgram,
  BackgroundStart,
  LogContent,
  LogRecord,
} from "#core/ports/guest-background.ts";

import {
  countOf,
  type Fields,
  fieldsOf,
  flagOf,
  has,
  instantOf,
  parseFields,
  textOf,
  verbatimOf,
  verbatimsOf,
} from "./fields.ts";
import { BrokenStream } from "./frames.ts";

const MAX_PID = 2 ** 31 - 1;
const MAX_ID = 2 ** 32 - 1;
const NOTE_CHARS = 256;
const PATH_CHARS = 4096;
/** what one OPEN can carry */
const WORD_CHARS = 65_536;
const SIGNAL_CHARS = 16;

/** `length` u32, `kind` u8, `id` u64, `time` u64 */
export const RECORD_HEADER_BYTES = 21;
/** of a record's payload; the agent's are half of it at most */
export const MAX_RECORD_BYTES = 65_536;

export function readBackgroundStart(fields: Fields): BackgroundStart {
  return {
    id: idIn(fields),
    pid: countOf(fields, "pid", MAX_PID),
    startedAt: instantOf(fields, "startedNs"),
    ringBytes: countOf(fields, "ringBytes"),
  };
}

export function readProgram(fields: Fields): BackgroundProgram {
  return {
    ...readBackgroundStart(fields),
    command: verbatimOf(fields, "command", WORD_CHARS),
    args: verbatimsOf(fields, "args", { items: WORD_CHARS, chars: WORD_CHARS }),
    cwd: verbatimOf(fields, "cwd", PATH_CHARS),
    uid: countOf(fields, "uid", MAX_ID),
    note: verbatimOf(fields, "note", NOTE_CHARS),
    end: has(fields, "end") ? readBackgroundEnd(fields) : undefined,
    writtenBytes: countOf(fields, "written"),
    droppedBytes: countOf(fields, "dropped"),
    nextId: countOf(fields, "nextId"),
  };
}

/** The `end` of a program in a reply. */
export function readBackgroundEnd(fields: Fields): BackgroundEnd {
  const end = fieldsOf(fields, "end");
  return { ...exitIn(end), endedAt: instantOf(end, "endedNs") };
}

export function readKilled(fields: Fields): BackgroundKilled {
  return { pid: countOf(fields, "pid", MAX_PID), running: flagOf(fields, "running") };
}

/** What is said before the first record. */
export function readLogsOpened(event: Fields): { pid: number; note: string } {
  const opened = fieldsOf(event, "opened");
  return {
    pid: countOf(opened, "pid", MAX_PID),
    note: verbatimOf(opened, "note", NOTE_CHARS),
  };
}

/** @returns the record at the beginning of `bytes`, or `undefined` while it is not whole. Throws `BrokenStream`. */
export function recordIn(bytes: Uint8Array): { record: LogRecord; size: number } | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  const length = header.getUint32(0, true);
  if (length > MAX_RECORD_BYTES) throw new BrokenStream(`a record of ${length} bytes`);
  const size = RECORD_HEADER_BYTES + length;
  if (bytes.length < size) return undefined;
  const id = header.getBigUint64(5, true);
  if (id > BigInt(Number.MAX_SAFE_INTEGER)) throw new BrokenStream(`a record with the id ${id}`);
  const content = contentOf(header.getUint8(4), bytes.subarray(RECORD_HEADER_BYTES, size));
  // 64 bits of nanoseconds end in the year 2554, which a `Date` can hold.
  const at = new Date(Number(header.getBigUint64(13, true) / 1_000_000n));
  return { record: { id: Number(id), at, content }, size };
}

function contentOf(kind: number, payload: Uint8Array): LogContent {
  if (kind === 1) return { kind: "started", pid: countOf(parseFields(payload), "pid", MAX_PID) };
  if (kind === 2) return { kind: "stdout", bytes: payload };
  if (kind === 3) return { kind: "stderr", bytes: payload };
  if (kind === 4) return { kind: "exit", ...exitIn(parseFields(payload)) };
  if (kind !== 5) throw new BrokenStream(`a record of the kind ${kind}`);
  const gap = parseFields(payload);
  return {
    kind: "gap",
    droppedBytes: countOf(gap, "droppedBytes"),
    droppedFrames: countOf(gap, "droppedFrames"),
  };
}

function exitIn(fields: Fields): { exitCode: number; signal: string | undefined } {
  const signal = has(fields, "signal") ? textOf(fields, "signal", SIGNAL_CHARS) : undefined;
  return { exitCode: countOf(fields, "exitCode", 255), signal };
}

function idIn(fields: Fields): string {
  const id = verbatimOf(fields, "id", 64);
  if (!/^ex_[0-9a-f]+$/.test(id)) throw new BrokenStream("an id that cannot be one");
  return id;
}
