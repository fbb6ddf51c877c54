/** Reads what is kept of one VM's log, a piece at a time, while it is written to. */

import { type FileHandle, open } from "node:fs/promises";

import type { LogLine } from "#core/aleph/ports/run-logs.ts";
import { KIB } from "#lib/bytes.ts";

import type { KeptLog } from "./run-log-kept.ts";
import { RecordSplitter } from "./run-log-records.ts";

const READ_BYTES = 64 * KIB;

export class SegmentReader {
  readonly #log: KeptLog;
  readonly #signal: AbortSignal;
  /** lines there were up to here; `undefined` before the first checkpoint */
  #count: number | undefined;

  constructor(log: KeptLog, signal: AbortSignal) {
    this.#log = log;
    this.#signal = signal;
  }

  /** @returns whether nothing will come any more, also in later segments */
  async *read(
    segment: number,
    isMoreToCome: () => Promise<boolean>,
  ): AsyncGenerator<LogLine, boolean> {
    await using file = await openIfThere(this.#log.pathOf(segment));
    if (!file) return false;
    const splitter = new RecordSplitter();
    for (let position = 0; ;) {
      const isNewest = segment === this.#log.newest;
      const end = isNewest ? this.#log.end : (await file.stat()).size;
      const length = Math.min(end - position, READ_BYTES);
      if (length > 0) {
        this.#signal.throwIfAborted();
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
        position += bytesRead;
        yield* this.#linesOf(splitter, buffer.subarray(0, bytesRead));
        if (bytesRead > 0) continue;
      }
      if (!isNewest) return false;
      if (this.#log.newest === segment && this.#log.end <= position && !(await isMoreToCome()))
        return true;
    }
  }

  *#linesOf(splitter: RecordSplitter, bytes: Buffer): Generator<LogLine> {
    for (const record of splitter.take(bytes)) {
      if (record.kind === "line") {
        if (this.#count !== undefined) this.#count += 1;
        yield record.line;
        continue;
      }
      const { count } = record.checkpoint;
      const missed = count - (this.#count ?? count);
      if (missed > 0) yield lost(missed);
      this.#count = count;
    }
  }
}

/** @returns the segment that is to be read after this one; the first again in a log that was begun anew */
export function segmentAfter(log: KeptLog, segment: number): number | undefined {
  const { oldest, newest } = log;
  if (oldest === undefined || newest === undefined || newest <= segment) return oldest;
  return Math.max(segment + 1, oldest);
}

function lost(lines: number): LogLine {
  const text = `[${lines} lines are missing here: they came faster than they were read]`;
  return { at: new Date(), stream: "stderr", text };
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
