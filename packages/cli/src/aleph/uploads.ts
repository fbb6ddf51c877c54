/** Files on their way to a node: counted, and known by their SHA-256 before the first byte leaves. */

import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";

import { UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";

export interface FileFacts {
  readonly sizeBytes: number;
}

/** @throws UsageError for what is no file, or cannot be read */
export function factsOf(file: string): FileFacts {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Error("it is no regular file");
    return { sizeBytes: stat.size };
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** A file's bytes, read once from its beginning. */
export class CountedFile {
  readonly #source: AsyncIterable<Buffer>;
  readonly #name: string;
  readonly #digest = createHash("sha256");
  #sentBytes = 0;

  /** @param file its path; `-` is standard input */
  constructor(file: string, signal: AbortSignal) {
    this.#name = file;
    this.#source = file === "-" ? process.stdin : createReadStream(file, { signal });
  }

  /** how much has been read so far */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** of all that was read; only once, at the end */
  sha256(): string {
    return this.#digest.digest("hex");
  }

  /** @throws UsageError when reading fails */
  async *pieces(): AsyncGenerator<Buffer, undefined> {
    try {
      for await (const piece of this.#source) {
        this.#digest.update(piece);
        this.#sentBytes += piece.length;
        yield piece;
      }
      return undefined;
    } catch (cause) {
      throw unreadable(this.#name, cause);
    }
  }
}

/** @returns its SHA-256, in hexadecimal */
export async function sha256Of(counted: CountedFile): Promise<string> {
  for await (const piece of counted.pieces()) void piece;
  return counted.sha256();
}

function unreadable(file: string, cause: unknown): UsageError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new UsageError(`${printableLine(file)} cannot be read: ${why}`, { cause });
}
