/**
 * Carries a guest's memory from one file to another and takes its fingerprint. Most of it is zero and
 * has never been touched: that is neither written nor counted in, and stays a hole.
 */

import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

import { MIB } from "#lib/bytes.ts";

/** what is written or left out as a whole, in bytes: four pages */
const GRAIN_BYTES = 16 * 1024;

/** how much is read at once, in bytes; a multiple of the grain */
const BLOCK_BYTES = 4 * MIB;

const ZEROS = Buffer.alloc(GRAIN_BYTES);

export interface Carried {
  /** what was written, in bytes: all that is not zero */
  readonly storedBytes: number;
  /** SHA-256 over each run of what is not zero, with its place and length before it */
  readonly sha256: string;
}

/** @param to is zero, or reads as it */
export async function carryMemory(
  from: FileHandle,
  to: FileHandle,
  bytes: number,
  signal: AbortSignal,
): Promise<Carried> {
  const hash = createHash("sha256");
  const block = Buffer.alloc(Math.min(BLOCK_BYTES, bytes));
  let storedBytes = 0;
  for (let at = 0; at < bytes;) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(block, 0, Math.min(block.length, bytes - at), at);
    if (bytesRead === 0) throw new Error(`it ends after ${at} bytes instead of ${bytes}`);
    for (const run of runsIn(block.subarray(0, bytesRead))) {
      storedBytes += run.length;
      count(hash, at + (run.byteOffset - block.byteOffset), run);
      await writeAll(to, run, at + (run.byteOffset - block.byteOffset));
    }
    at += bytesRead;
  }
  return { storedBytes, sha256: hash.digest("hex") };
}

/** The longest pieces of it, in whole grains, that are not zero. */
function* runsIn(block: Buffer): Generator<Buffer> {
  let from: number | undefined;
  for (let at = 0; at < block.length; at += GRAIN_BYTES) {
    const grain = block.subarray(at, at + GRAIN_BYTES);
    const zero = grain.equals(ZEROS.subarray(0, grain.length));
    if (zero && from !== undefined) {
      yield block.subarray(from, at);
      from = undefined;
    }
    if (!zero) from ??= at;
  }
  if (from !== undefined) yield block.subarray(from);
}

function count(hash: Hash, at: number, run: Buffer): void {
  const place = Buffer.alloc(16);
  place.writeBigUInt64LE(BigInt(at), 0);
  place.writeBigUInt64LE(BigInt(run.length), 8);
  hash.update(place).update(run);
}

async function writeAll(to: FileHandle, run: Buffer, position: number): Promise<void> {
  for (let done = 0; done < run.length;) {
    const { bytesWritten } = await to.write(run, done, run.length - done, position + done);
    done += bytesWritten;
  }
}
