/** JSON that is brought to a node: from a file, or from standard input. */

import { createReadStream } from "node:fs";

import { UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";

/** what a node takes in one piece, in bytes */
export const WHOLE_LIMIT_BYTES: number = 1024 * 1024;

export interface JsonFile {
  /** byte for byte */
  readonly bytes: Buffer;
  readonly value: Readonly<Record<string, unknown>>;
}

/** @param file its path; `-` is standard input. @throws UsageError for what is too long or no JSON object */
export async function readJsonFile(file: string, signal: AbortSignal): Promise<JsonFile> {
  const name = file === "-" ? "Standard input" : printableLine(file);
  const bytes = await wholeFile(file, name, signal);
  const value = parsed(bytes, name);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`${name} holds no JSON object`);
  return { bytes, value: Object(value) };
}

async function wholeFile(file: string, name: string, signal: AbortSignal): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    const source: AsyncIterable<Buffer> =
      file === "-" ? process.stdin : createReadStream(file, { signal });
    for await (const piece of source) {
      size += piece.length;
      if (size > WHOLE_LIMIT_BYTES) throw new UsageError(`${name} has more than 1 MiB`);
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${name} cannot be read: ${why}`, { cause });
  }
  return Buffer.concat(pieces);
}

function parsed(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new UsageError(`${name} is not JSON`, { cause });
  }
}
