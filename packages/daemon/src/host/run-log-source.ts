/**
 * Reads complete lines from a file that a machine appends to, a bounded piece at a time.
 *
 * What is not ended by a newline stays in the file until it is, or is too long for a line, so nothing is
 * held here that a daemon's death could lose. The file may be cut to its newest part meanwhile (see
 * `console-logs.ts`): the place is then found again by the bytes before it.
 */

import { type FileHandle, open } from "node:fs/promises";

import type { LogFile } from "#core/aleph/ports/run-logs.ts";
import { KIB, MIB } from "#lib/bytes.ts";
import { incompleteTail } from "#lib/utf8.ts";

import type { RawLine, ReadMark } from "./run-log-records.ts";

/** a longer line is kept in pieces of this size, in bytes */
const MAX_LINE_BYTES = 16 * KIB;
const MAX_LOOK_BYTES = 256 * KIB;
/** empty lines take more room kept than they took in the file */
const MAX_LINES_A_LOOK = 4000;
/** what is remembered of the end of what was read */
const ANCHOR_BYTES = 256;
/** a file that was cut is not larger, or the rest of it is given up */
const MAX_SEARCH_BYTES = 8 * MIB;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export interface Look {
  readonly lines: readonly RawLine[];
  readonly mark: ReadMark | undefined;
  /** whether there is more to be read at once */
  readonly more: boolean;
}

export class RunLogSource implements AsyncDisposable {
  readonly #file: LogFile;
  #mark: ReadMark | undefined;
  #anchor: Buffer = Buffer.alloc(0);
  /** what the anchor is once the last look's lines are kept */
  #nextAnchor: Buffer = Buffer.alloc(0);
  #handle: FileHandle | undefined;

  /** @param mark how far it was read before; of another file of that name it means nothing */
  constructor(file: LogFile, mark: ReadMark | undefined) {
    this.#file = file;
    this.#mark = mark;
  }

  /**
   * The next lines. When they could not be kept, do not call `keep`: they come again.
   * @param rest `taken`: nothing will be added, so what has no newline is a line, too
   */
  async look(rest: "left" | "taken"): Promise<Look> {
    const handle = (this.#handle ??= await this.#open());
    if (!handle) return { lines: [], mark: this.#mark, more: false };
    const { size, mtimeMs } = await handle.stat();
    const from = await this.#placeIn(handle, size);
    const { buffer, bytesRead } = await readAt(handle, from, Math.min(size - from, MAX_LOOK_BYTES));
    const bytes = buffer.subarray(0, bytesRead);
    const atEnd = rest === "taken" && from + bytesRead >= size;
    const { texts, taken } = linesIn(bytes, atEnd);
    const at = Math.floor(mtimeMs);
    const { stream } = this.#file;
    this.#nextAnchor = anchorAfter(this.#anchor, bytes.subarray(0, taken));
    return {
      lines: texts.map((text) => ({ at, stream, bytes: text })),
      mark: { file: this.#mark?.file ?? "", offset: from + taken },
      more: taken > 0 && from + taken < size,
    };
  }

  /** The lines up to here are kept: they are not read again. */
  keep(mark: ReadMark | undefined): void {
    this.#mark = mark;
    this.#anchor = this.#nextAnchor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #open(): Promise<FileHandle | undefined> {
    const handle = await openIfThere(this.#file.path);
    if (!handle) return undefined;
    const { ino, birthtimeMs } = await handle.stat();
    const file = `${ino}.${Math.floor(birthtimeMs)}`;
    const offset = this.#mark?.file === file ? this.#mark.offset : 0;
    this.#mark = { file, offset };
    const before = Math.min(offset, ANCHOR_BYTES);
    const { buffer, bytesRead } = await readAt(handle, offset - before, before);
    this.#anchor = buffer.subarray(0, bytesRead);
    return handle;
  }

  /** Where to read on: further back than before in a file that was cut. */
  async #placeIn(handle: FileHandle, size: number): Promise<number> {
    const offset = this.#mark?.offset ?? 0;
    if (offset <= size) return offset;
    const looked = Math.min(size, MAX_SEARCH_BYTES);
    const { buffer, bytesRead } = await readAt(handle, size - looked, looked);
    const kept = buffer.subarray(0, bytesRead);
    const found = this.#anchor.length === 0 ? -1 : kept.lastIndexOf(this.#anchor);
    return found < 0 ? size - looked : size - looked + found + this.#anchor.length;
  }
}

function readAt(handle: FileHandle, position: number, length: number) {
  return handle.read(Buffer.alloc(length), 0, length, position);
}

/** @param all whether what has no newline is a line, too */
function linesIn(bytes: Buffer, all: boolean): { texts: readonly Buffer[]; taken: number } {
  const texts: Buffer[] = [];
  let taken = 0;
  while (taken < bytes.length && texts.length < MAX_LINES_A_LOOK) {
    const rest = bytes.subarray(taken, taken + MAX_LINE_BYTES);
    const newline = rest.indexOf(NEWLINE);
    if (newline < 0 && rest.length < MAX_LINE_BYTES && !all) break;
    const length = newline < 0 ? rest.length - incompleteTail(rest) || rest.length : newline;
    texts.push(withoutReturn(rest.subarray(0, length)));
    taken += newline < 0 ? length : length + 1;
  }
  return { texts, taken };
}

/** Serial consoles end lines with both. */
function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

function anchorAfter(before: Buffer, read: Buffer): Buffer {
  const all = read.length >= ANCHOR_BYTES ? read : Buffer.concat([before, read]);
  return Buffer.from(all.subarray(-ANCHOR_BYTES));
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
