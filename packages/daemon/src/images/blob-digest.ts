/**
 * How blobs are named: SHA-256 of the SHA-256s of their 4 MiB chunks.
 *
 * Disks are sparse: 4 GiB that hold 150 MB. A plain SHA-256 would hash all the zeros, ten seconds
 * at each build; here the digest of an empty chunk is known and holes cost nothing.
 */

import { createHash } from "node:crypto";

/** part of the definition: another value gives other digests */
export const CHUNK_BYTES = 4 * 1024 * 1024;

const ZEROS = Buffer.alloc(CHUNK_BYTES);
const ZERO_CHUNK_DIGEST = createHash("sha256").update(ZEROS).digest();

export class BlobDigest {
  readonly #outer = createHash("sha256");

  /** @param chunk the next `CHUNK_BYTES` bytes, or fewer if they are the last */
  chunk(chunk: Uint8Array): void {
    this.#outer.update(createHash("sha256").update(chunk).digest());
  }

  /** the next chunk, known to be whole and all zeros */
  zeroChunk(): void {
    this.#outer.update(ZERO_CHUNK_DIGEST);
  }

  /** @returns 64 hexadecimal digits; nothing may be added afterwards */
  finish(): string {
    return this.#outer.digest("hex");
  }
}

export function isZeros(bytes: Buffer): boolean {
  return bytes.equals(ZEROS.subarray(0, bytes.length));
}
