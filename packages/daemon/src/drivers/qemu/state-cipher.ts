/**
 * Keeps unreadable on the disk what a guest had in its memory: AES-256-CTR, with a key for each state
 * that follows from the host's and the state's salt. The length stays as it is; damage is found by the
 * stream's checksum, not here.
 */

import { createCipheriv, hkdfSync, randomBytes } from "node:crypto";

import type { SecretBytes } from "#core/secrets/secret-bytes.ts";

const CIPHER = "aes-256-ctr";
const SALT_BYTES = 16;
const [KEY_BYTES, COUNTER_BYTES, MARK_BYTES] = [32, 16, 8];

export interface StateCipher {
  /** tells whether a state was made with the same key; says nothing about it */
  readonly mark: string;
  /** each piece in its order, there and back alike */
  readonly pass: (piece: Uint8Array) => Buffer;
}

/** @returns in hexadecimal */
export function newSalt(): string {
  return randomBytes(SALT_BYTES).toString("hex");
}

export function stateCipher(hostKey: SecretBytes, salt: string): StateCipher {
  const length = KEY_BYTES + COUNTER_BYTES + MARK_BYTES;
  const made = hkdfSync("sha256", hostKey.reveal(), Buffer.from(salt, "hex"), "state", length);
  const bytes = Buffer.from(made);
  const key = bytes.subarray(0, KEY_BYTES);
  const counter = bytes.subarray(KEY_BYTES, KEY_BYTES + COUNTER_BYTES);
  const cipher = createCipheriv(CIPHER, key, counter);
  return {
    mark: bytes.subarray(-MARK_BYTES).toString("hex"),
    pass: (piece) => cipher.update(piece),
  };
}
