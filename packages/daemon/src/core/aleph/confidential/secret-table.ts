/**
 * The table in which a secret reaches a guest: a list of entries by GUID, of which boot loaders read the one with a
 * disk's passphrase. The host passes it on as it is; it is read here for people and made by owners. Source: OVMF.
 */

import { u32 } from "./octets.ts";

/** GUIDs as they lie in memory: the first three parts little endian */
const TABLE = Buffer.from("42f5741edd71664d963eef4287ff173b", "hex");
const DISK_PASSPHRASE = Buffer.from("e5696873f084734992ec06879ce3da0b", "hex");

const GUID_BYTES = 16;
const HEAD_BYTES = GUID_BYTES + 4;
const BLOCK_BYTES = 16;

/**
 * `said`: which length the table gives itself. The network's SDK says it with the padding, and ends the passphrase with
 * a zero byte; sevctl does neither. Readers take both.
 */
export type TableStyle = "sdk" | "sevctl";

/** @returns whole blocks of 16 bytes */
export function diskSecretTable(passphrase: string, style: TableStyle): Buffer {
  const data = Buffer.from(style === "sdk" ? `${passphrase}\0` : passphrase);
  const entry = Buffer.concat([DISK_PASSPHRASE, u32(HEAD_BYTES + data.length), data]);
  const used = HEAD_BYTES + entry.length;
  const padded = Math.ceil(used / BLOCK_BYTES) * BLOCK_BYTES;
  const head = Buffer.concat([TABLE, u32(style === "sdk" ? padded : used)]);
  return Buffer.concat([head, entry, Buffer.alloc(padded - used)]);
}

/** @returns the passphrase, without the zero byte behind it; `undefined` when the table holds none */
export function diskSecretOf(table: Uint8Array): string | undefined {
  const bytes = Buffer.from(table);
  if (bytes.length < HEAD_BYTES || !bytes.subarray(0, GUID_BYTES).equals(TABLE)) return undefined;
  const end = Math.min(bytes.readUInt32LE(GUID_BYTES), bytes.length);
  let at = HEAD_BYTES;
  while (at + HEAD_BYTES <= end) {
    const size = bytes.readUInt32LE(at + GUID_BYTES);
    if (size < HEAD_BYTES || at + size > end) return undefined;
    if (bytes.subarray(at, at + GUID_BYTES).equals(DISK_PASSPHRASE)) {
      return bytes.toString("utf8", at + HEAD_BYTES, at + size).replace(/\0$/, "");
    }
    at += size;
  }
  return undefined;
}
