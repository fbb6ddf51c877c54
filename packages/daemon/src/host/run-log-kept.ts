/**
 * One VM's kept log: a directory of segments, of which the newest is written to and the oldest are removed.
 *
 * Readers hold nothing but a place in a file. The writer writes where the last checkpoint ended, so what a
 * write that failed, or a daemon that died, has left is written over.
 */

import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import path from "node:path";

import { MIB } from "#lib/bytes.ts";

import {
  type Checkpoint,
  checkpointRecord,
  lastCheckpoint,
  lineRecord,
  NOTHING_READ,
  parseRecord,
  type RawLine,
  type ReadMarks,
} from "./run-log-records.ts";

/** a segment that is larger is followed by another */
const MAX_SEGMENT_BYTES = 8 * MIB;
/** what is kept of a VM is at most so many segments */
const SEGMENTS_KEPT = 2;
/** a batch is not larger, so a checkpoint is found in the last so many bytes */
const CHECKPOINT_WITHIN_BYTES = MIB;

export class KeptLog implements AsyncDisposable {
  readonly #directory: string;
  #checkpoint: Checkpoint = { count: 0, marks: NOTHING_READ };
  #segments: readonly number[] = [];
  #handle: FileHandle | undefined;
  /** of what is complete in the newest segment, in bytes */
  #end = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Whether or not there is one yet: it is made with the first lines. */
  static async open(directory: string): Promise<KeptLog> {
    const log = new KeptLog(directory);
    log.#segments = await segmentsIn(directory);
    const newest = log.newest;
    if (newest !== undefined) await log.#takeUp(newest);
    return log;
  }

  /** how far the machine's files have been read */
  get marks(): ReadMarks {
    return this.#checkpoint.marks;
  }

  /** numbers of the segments there are */
  get oldest(): number | undefined {
    return this.#segments[0];
  }

  get newest(): number | undefined {
    return this.#segments.at(-1);
  }

  /** how much of the newest segment may be read, in bytes */
  get end(): number {
    return this.#end;
  }

  pathOf(segment: number): string {
    return path.join(this.#directory, `${String(segment).padStart(8, "0")}.log`);
  }

  /** All of it, or nothing of it. */
  async add(lines: readonly RawLine[], marks: ReadMarks): Promise<void> {
    if (!this.#handle || this.#end > MAX_SEGMENT_BYTES) await this.#beginSegment();
    const checkpoint = { count: this.#checkpoint.count + lines.length, marks };
    await this.#write([...lines.map(lineRecord), checkpointRecord(checkpoint)]);
    this.#checkpoint = checkpoint;
  }

  async remove(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
    this.#segments = [];
    this.#end = 0;
    this.#checkpoint = { count: 0, marks: NOTHING_READ };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** What a daemon before this one has written, up to its last checkpoint. */
  async #takeUp(segment: number): Promise<void> {
    const handle = await open(this.pathOf(segment), "r+");
    this.#handle = handle;
    const { size } = await handle.stat();
    const looked = Math.min(size, CHECKPOINT_WITHIN_BYTES);
    const { buffer } = await handle.read(Buffer.alloc(looked), 0, looked, size - looked);
    const found = lastCheckpoint(buffer);
    if (!found) return;
    const record = parseRecord(buffer.subarray(found.start, found.end - 1));
    if (record?.kind !== "checkpoint") return;
    this.#checkpoint = record.checkpoint;
    this.#end = size - looked + found.end;
    await handle.truncate(this.#end);
  }

  async #beginSegment(): Promise<void> {
    // Readers of the old one read it to its very end from now on.
    await this.#handle?.truncate(this.#end);
    const segment = (this.newest ?? 0) + 1;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const handle = await open(this.pathOf(segment), "w+", 0o600);
    await this.#handle?.close();
    this.#handle = handle;
    this.#segments = [...this.#segments, segment];
    this.#end = 0;
    await this.#write([checkpointRecord(this.#checkpoint)]);
    const outdated = this.#segments.slice(0, -SEGMENTS_KEPT);
    this.#segments = this.#segments.slice(-SEGMENTS_KEPT);
    for (const old of outdated) await rm(this.pathOf(old), { force: true });
  }

  async #write(records: readonly Buffer[]): Promise<void> {
    const bytes = Buffer.concat(records);
    const written = await this.#handle?.write(bytes, 0, bytes.length, this.#end);
    if (written?.bytesWritten !== bytes.length) throw new Error("the log could not be written");
    this.#end += bytes.length;
  }
}

async function segmentsIn(directory: string): Promise<readonly number[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => /^\d{8}\.log$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .toSorted((one, other) => one - other);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
