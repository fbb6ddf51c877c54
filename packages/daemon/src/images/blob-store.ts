/**
 * Files named by what they hold, written once and never changed.
 *
 * A blob is complete or absent: it is written beside, synced, and renamed into place. What a killed
 * writer leaves in `tmp/` is removed by the next holder of the store's lock.
 */

import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

import type { BlobRef } from "#core/image/manifest.ts";

import { BlobDigest, CHUNK_BYTES, isZeros } from "./blob-digest.ts";
import { dataExtents, type Extent } from "./sparse-map.ts";

/** pieces of zeros at least this long and so aligned become holes, in `bytes` */
const HOLE_BYTES = 64 * 1024;

/** blobs are never written again, and readable for a hypervisor that runs as another user */
const BLOB_MODE = 0o444;

const BLOB_NAME = /^[0-9a-f]{64}$/;

export class BlobStore {
  readonly #dir: string;
  readonly #tmp: string;

  /** @param root absolute; `open` makes it */
  private constructor(root: string) {
    this.#dir = path.join(root, "blobs", "sha256-4m");
    this.#tmp = path.join(root, "tmp");
  }

  static async open(root: string): Promise<BlobStore> {
    const store = new BlobStore(root);
    await mkdir(store.#dir, { recursive: true });
    await mkdir(store.#tmp, { recursive: true });
    return store;
  }

  pathOf(blob: BlobRef): string {
    return path.join(this.#dir, blob.digest);
  }

  async has(blob: BlobRef): Promise<boolean> {
    const found = await stat(this.pathOf(blob)).catch(() => undefined);
    return found?.size === blob.sizeBytes;
  }

  /** Copies a file in, leaving its holes and zeros unwritten. */
  async putFile(file: string, signal: AbortSignal): Promise<BlobRef> {
    const extents = await dataExtents(file, signal);
    await using source = await open(file, "r");
    const { size } = await source.stat();
    return await this.#write(size, (target, digest) =>
      eachChunk(source, size, extents, async (chunk, at) => {
        signal.throwIfAborted();
        if (chunk === "zeros") return digest.zeroChunk();
        digest.chunk(chunk);
        await writeSparse(target, chunk, at);
      }),
    );
  }

  async putBytes(bytes: Buffer, signal: AbortSignal): Promise<BlobRef> {
    return this.#write(bytes.length, async (target, digest) => {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        signal.throwIfAborted();
        const chunk = bytes.subarray(at, at + CHUNK_BYTES);
        digest.chunk(chunk);
        await writeSparse(target, chunk, at);
      }
    });
  }

  /** Reads a blob again. @returns whether it still is what its name says */
  async verify(blob: BlobRef, signal: AbortSignal): Promise<boolean> {
    if (!(await this.has(blob))) return false;
    const extents = await dataExtents(this.pathOf(blob), signal);
    await using source = await open(this.pathOf(blob), "r");
    const digest = new BlobDigest();
    await eachChunk(source, blob.sizeBytes, extents, async (chunk) => {
      signal.throwIfAborted();
      if (chunk === "zeros") digest.zeroChunk();
      else digest.chunk(chunk);
    });
    return digest.finish() === blob.digest;
  }

  /**
   * Removes every blob that is not in `keep`. The caller holds the store's lock.
   * @returns disk space given back, `bytes`
   */
  async collect(keep: ReadonlySet<string>): Promise<number> {
    let freedBytes = 0;
    for (const name of await readdir(this.#dir)) {
      if (keep.has(name) || !BLOB_NAME.test(name)) continue;
      const file = path.join(this.#dir, name);
      freedBytes += await allocatedBytes(file);
      await rm(file, { force: true });
    }
    return freedBytes;
  }

  async #write(
    sizeBytes: number,
    fill: (target: FileHandle, digest: BlobDigest) => Promise<void>,
  ): Promise<BlobRef> {
    const temporary = path.join(this.#tmp, `blob-${randomBytes(8).toString("hex")}`);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => rm(temporary, { force: true }));
    const digest = new BlobDigest();
    {
      await using target = await open(temporary, "wx", BLOB_MODE);
      await target.truncate(sizeBytes);
      await fill(target, digest);
      await target.sync();
    }
    const blob = { digest: digest.finish(), sizeBytes };
    if (!(await this.has(blob))) {
      await rename(temporary, this.pathOf(blob));
      await syncDirectory(this.#dir);
    }
    return blob;
  }
}

/** @returns disk space a file occupies, `bytes`; 0 when it is not there */
export async function allocatedBytes(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  return found ? found.blocks * 512 : 0;
}

/** Makes a rename survive a power cut. */
export async function syncDirectory(dir: string): Promise<void> {
  await using handle = await open(dir, "r");
  await handle.sync();
}

async function writeSparse(target: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let offset = 0; offset < chunk.length; offset += HOLE_BYTES) {
    const piece = chunk.subarray(offset, offset + HOLE_BYTES);
    if (isZeros(piece)) continue;
    const { bytesWritten } = await target.write(piece, 0, piece.length, at + offset);
    if (bytesWritten !== piece.length) throw new Error("a blob could not be written in full");
  }
}

/** Calls `visit` for every chunk of a file in order, without reading chunks that are holes. */
async function eachChunk(
  source: FileHandle,
  size: number,
  extents: readonly Extent[],
  visit: (chunk: Buffer | "zeros", at: number) => Promise<void>,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let next = 0;
  for (let at = 0; at < size; at += CHUNK_BYTES) {
    const bytes = Math.min(CHUNK_BYTES, size - at);
    while (next < extents.length && endOf(extents[next]) <= at) next += 1;
    const hole = bytes === CHUNK_BYTES && (extents[next]?.start ?? size) >= at + bytes;
    await visit(hole ? "zeros" : await readFully(source, buffer.subarray(0, bytes), at), at);
  }
}

function endOf(extent: Extent | undefined): number {
  return extent ? extent.start + extent.bytes : 0;
}

async function readFully(source: FileHandle, into: Buffer, at: number): Promise<Buffer> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await source.read(into, done, into.length - done, at + done);
    if (bytesRead === 0) throw new Error("the file became shorter while it was read");
    done += bytesRead;
  }
  return into;
}
