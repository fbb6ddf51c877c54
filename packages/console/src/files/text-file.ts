/** Small text files: whether a file is one, and writing it back exactly as it was but for what was changed. */

/** a larger file is not opened in the page, in bytes */
export const MAX_TEXT_BYTES = 256 * 1024;

export interface TextFile {
  /** with `\n` at the ends of lines */
  readonly text: string;
  readonly lineEnd: "\n" | "\r\n";
  readonly bytes: Uint8Array;
}

/** @throws Error, a sentence that says why it cannot be edited here */
export function textFileOf(bytes: Uint8Array): TextFile {
  if (bytes.length > MAX_TEXT_BYTES)
    throw new Error("It is larger than 256 KiB: download it instead.");
  const text = decoded(bytes);
  const ends = text.match(/\r\n|\r|\n/g) ?? [];
  const kinds = new Set(ends);
  if (kinds.has("\r") || kinds.size > 1)
    throw new Error("Its lines end in different ways, which would not survive: download it.");
  const lineEnd = kinds.has("\r\n") ? "\r\n" : "\n";
  return { text: text.replaceAll("\r\n", "\n"), lineEnd, bytes };
}

export function bytesOf(text: string, lineEnd: TextFile["lineEnd"]): Uint8Array {
  return new TextEncoder().encode(text.replaceAll("\n", lineEnd));
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function decoded(bytes: Uint8Array): string {
  let text: string;
  try {
    // A mark at its beginning is part of it.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Error("It is not text in UTF-8: download it instead.", { cause });
  }
  if (text.includes("\0")) throw new Error("It is not text: download it instead.");
  return text;
}
