/** Bytes as this protocol writes and compares them. */

import { timingSafeEqual } from "node:crypto";

/** little endian, as everything in this protocol */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Whether both are the same, in a time that does not say where they differ. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** @returns the bytes of a base64 text, with line breaks or without; `undefined` when it is none */
export function fromBase64(text: string): Buffer | undefined {
  const packed = text.replaceAll(/\s+/g, "");
  const bytes = Buffer.from(packed, "base64");
  return bytes.toString("base64") === packed ? bytes : undefined;
}
