/** The packet that brings a guest its secret: encrypted for the session, and bound to one launch by its measure. Source: AMD's SEV API, LAUNCH_SECRET. */

import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

import { isSame, u32 } from "./octets.ts";
import type { TransportKeys } from "./session.ts";

/** flags (4), initial value (16), keyed hash (32) */
export const HEADER_BYTES = 52;
const FLAGS_BYTES = 4;
const IV_BYTES = 16;

/** the processor takes whole blocks, and up to a page of ours is handed to the guest */
const BLOCK_BYTES = 16;
export const MAX_SECRET_BYTES = 4096;

const CONTEXT = 0x01;

export interface Packet {
  readonly header: Uint8Array;
  readonly encrypted: Uint8Array;
}

/**
 * @param measure of the launch it is for, 32 bytes
 * @returns the plain table; `undefined` when anything of it, or the launch, is another
 */
export function openPacket(
  { header, encrypted }: Packet,
  { tek, tik }: TransportKeys,
  measure: Uint8Array,
): Buffer | undefined {
  const { length } = encrypted;
  if (header.length !== HEADER_BYTES || length === 0) return undefined;
  if (length > MAX_SECRET_BYTES || length % BLOCK_BYTES !== 0) return undefined;
  const flags = header.subarray(0, FLAGS_BYTES);
  const iv = header.subarray(FLAGS_BYTES, FLAGS_BYTES + IV_BYTES);
  const said = header.subarray(FLAGS_BYTES + IV_BYTES);
  // Flags ask for compression, which nobody uses.
  if (flags.some((byte) => byte !== 0)) return undefined;
  if (!isSame(said, hashOf({ flags, iv, encrypted, measure }, tik))) return undefined;
  const decipher = createDecipheriv("aes-128-ctr", tek, iv);
  return Buffer.concat([decipher.update(encrypted), decipher.final()]);
}

/** What an owner does. @param table whole blocks of 16 bytes; @param iv 16 bytes, fresh */
export function sealPacket(
  { table, iv, measure }: { table: Uint8Array; iv: Uint8Array; measure: Uint8Array },
  { tek, tik }: TransportKeys,
): Packet {
  const cipher = createCipheriv("aes-128-ctr", tek, iv);
  const encrypted = Buffer.concat([cipher.update(table), cipher.final()]);
  const flags = Buffer.alloc(FLAGS_BYTES);
  const hash = hashOf({ flags, iv, encrypted, measure }, tik);
  return { header: Buffer.concat([flags, iv, hash]), encrypted };
}

interface Hashed {
  readonly flags: Uint8Array;
  readonly iv: Uint8Array;
  readonly encrypted: Uint8Array;
  readonly measure: Uint8Array;
}

function hashOf({ flags, iv, encrypted, measure }: Hashed, tik: Uint8Array): Buffer {
  // Once as it is, once as it was before it was compressed.
  const sizes = [u32(encrypted.length), u32(encrypted.length)];
  return createHmac("sha256", tik)
    .update(Buffer.concat([Buffer.from([CONTEXT]), flags, iv, ...sizes, encrypted, measure]))
    .digest();
}
