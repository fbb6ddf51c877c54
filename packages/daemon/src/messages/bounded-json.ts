/** Reading JSON from files that anybody may have put there: never more than a bound, never waiting for a pipe. */

import { constants, type BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

export type JsonFile =
  /** `stamp` differs for every version of the file */
  | { readonly kind: "value"; readonly value: unknown; readonly stamp: string }
  | { readonly kind: "missing" }
  | { readonly kind: "damaged"; readonly reason: string; readonly stamp: string };

/** @throws Error when the file cannot be read for another reason than that it is not there */
export async function readJson(file: string, maxBytes: number): Promise<JsonFile> {
  const handle = await opened(file);
  if (handle === undefined) return { kind: "missing" };
  try {
    const facts = await handle.stat({ bigint: true });
    const stamp = stampOf(facts);
    if (!facts.isFile()) return { kind: "damaged", reason: "it is no regular file", stamp };
    if (facts.size > maxBytes) {
      return { kind: "damaged", reason: `it has more than ${maxBytes} bytes`, stamp };
    }
    return parsed(await bytesIn(handle, Number(facts.size)), stamp);
  } finally {
    await handle.close();
  }
}

/** Something that differs for every version of a file. */
export function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}.${size}.${mtimeNs}`;
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

async function opened(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

/** Also of a file that is growing no more than it had is read. */
async function bytesIn(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function parsed(bytes: Uint8Array, stamp: string): JsonFile {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { kind: "value", value: JSON.parse(text), stamp };
  } catch {
    return { kind: "damaged", reason: "it is no JSON in UTF-8", stamp };
  }
}
