/** Writes a stream of small pieces as few large ones, while the next pieces come. */

import type { FileHandle } from "node:fs/promises";

/** how much is gathered before it is written, in bytes; twice as much is held at most */
const BATCH_BYTES = 1024 * 1024;

export class GatheredWrites {
  readonly #file: FileHandle;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Rejects with what kept an earlier piece from being written. */
  async take(piece: Buffer): Promise<void> {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= BATCH_BYTES) await this.#begin();
  }

  /** Resolves when all that was taken is written. */
  async end(): Promise<void> {
    await this.#begin();
    await this.#writing;
  }

  async #begin(): Promise<void> {
    await this.#writing;
    const batch = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#writing = this.#file.appendFile(batch);
    this.#writing.catch(() => {}); // whoever takes the next piece, or ends it, sees it
  }
}
