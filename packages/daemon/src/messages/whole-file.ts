/** Files that are there whole, or not at all. */

import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import path from "node:path";

import type { KeptFile } from "#core/aleph/ports/message-archive.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { humanBytes } from "#lib/bytes.ts";
import { unlessAborted } from "#lib/patience.ts";

import { isCode } from "./bounded-json.ts";

const PART = ".part";

export interface WholeFile {
  /** absolute path; its directory is made */
  readonly file: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly maxBytes: number;
  /** Called with what has been written, before anybody can see it; throws to give it up. */
  readonly accept: (kept: KeptFile) => void;
}

/**
 * Writes a file beside its place and moves it there when all of it is on the disk. Whatever goes wrong, what was
 * there before is there still, and nothing else.
 * @throws Refusal `no storage`, `too large`; what `bytes` and `accept` throw
 */
export async function writeWhole(whole: WholeFile, signal: AbortSignal): Promise<KeptFile> {
  const directory = path.dirname(whole.file);
  const part = path.join(directory, `.${path.basename(whole.file)}.${randomUUID()}${PART}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const kept = await written(part, whole, signal);
    whole.accept(kept);
    await rename(part, whole.file);
    await synced(directory);
    return kept;
  } catch (error) {
    await rm(part, { force: true });
    if (!isCode(error, "ENOSPC", "EDQUOT")) throw error;
    throw new Refusal("no storage", "There is no room for this on the node's disk", {
      cause: error,
    });
  }
}

/** Writes a small text in the same way. */
export async function writeText(file: string, text: string, signal: AbortSignal): Promise<void> {
  const bytes = Buffer.from(text);
  const whole = { file, bytes: once(bytes), maxBytes: bytes.length, accept: () => undefined };
  await writeWhole(whole, signal);
}

/** Removes what a daemon that died has left half written. Harmless where there is no such directory. */
export async function sweepParts(directory: string): Promise<void> {
  for (const name of await entriesOf(directory)) {
    if (name.startsWith(".") && name.endsWith(PART)) {
      await rm(path.join(directory, name), { force: true });
    }
  }
}

/** @returns nothing where there is no such directory */
export async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

async function written(part: string, whole: WholeFile, signal: AbortSignal): Promise<KeptFile> {
  const handle = await open(part, "wx", 0o644);
  try {
    return await filled(handle, whole, signal);
  } finally {
    await handle.close();
  }
}

async function filled(
  handle: FileHandle,
  whole: WholeFile,
  signal: AbortSignal,
): Promise<KeptFile> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of untilAborted(whole.bytes, signal)) {
    sizeBytes += chunk.length;
    if (sizeBytes > whole.maxBytes) {
      throw new Refusal("too large", `Files here have at most ${humanBytes(whole.maxBytes)}`);
    }
    hash.update(chunk);
    // Images of disks are mostly nothing: what is nothing takes no room here.
    if (!isZero(chunk)) await writeAt(handle, chunk, sizeBytes - chunk.length);
  }
  await handle.truncate(sizeBytes); // a hole at the end counts, too
  await handle.sync();
  return { sizeBytes, sha256: hash.digest("hex") };
}

function isZero(chunk: Uint8Array): boolean {
  if (chunk[0] !== 0) return false;
  const { buffer, byteOffset, length } = chunk;
  const bytes = Buffer.from(buffer, byteOffset, length);
  return bytes.subarray(1).equals(bytes.subarray(0, -1)); // each is as the one before it
}

async function writeAt(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

/** Leaves a source that says nothing any more as soon as the signal aborts. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const item = await unlessAborted(items.next(), signal);
      isOver = item.done === true;
      if (item.done) return;
      yield item.value;
    }
  } finally {
    // Not waited for: it may hang as the source does.
    if (!isOver) items.return?.().catch(() => undefined);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function synced(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
