/**
 * The user's Ethereum wallet: a private key in a file, and what it signs.
 *
 * The file holds the key as 32 bytes, as Aleph's own client writes it, or as 64 hexadecimal digits.
 */

import { readFileSync, statSync } from "node:fs";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import { UsageError } from "../failure.ts";

const KEY_BYTES = 32;
/** what is read of a file: a key in digits, with a line's end and more to spare */
const MAX_KEY_FILE_BYTES = 1024;

export class Wallet {
  /** with the checksum of EIP-55 */
  readonly address: string;
  readonly #secret: Uint8Array;

  /** @param secret 32 bytes; @throws UsageError when no wallet has such a key */
  constructor(secret: Uint8Array) {
    if (!secp256k1.utils.isValidSecretKey(secret))
      throw new UsageError("This is not a private key of an Ethereum wallet.");
    this.#secret = Uint8Array.from(secret);
    this.address = checksummed(secp256k1.getPublicKey(secret, false));
  }

  /** @throws UsageError for a file that cannot be read, others may read, or holds no key */
  static fromFile(file: string): Wallet {
    const secret = secretIn(contentsOf(file));
    if (secret) return new Wallet(secret);
    throw new UsageError(
      `The key file ${file} holds no private key: neither 32 bytes nor 64 hexadecimal digits.`,
    );
  }

  /** Signs as wallets sign messages for people (EIP-191): r, s and v, `0x` and 130 hexadecimal digits. */
  sign(message: Uint8Array): string {
    const prefix = `\x19Ethereum Signed Message:\n${message.length}`;
    const digest = keccak_256(Buffer.concat([Buffer.from(prefix), message]));
    const options = { prehash: false, format: "recovered" } as const;
    const [recovery = 0, ...rs] = secp256k1.sign(digest, this.#secret, options);
    return `0x${Buffer.from([...rs, 27 + recovery]).toString("hex")}`;
  }
}

function contentsOf(file: string): Buffer {
  try {
    const { mode, size } = statSync(file);
    if ((mode & 0o077) !== 0)
      throw new UsageError(`The key file ${file} may be used by others; run: chmod 600 ${file}`);
    return size > MAX_KEY_FILE_BYTES ? Buffer.alloc(0) : readFileSync(file);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The key file cannot be read: ${why}`, { cause });
  }
}

function secretIn(contents: Buffer): Uint8Array | undefined {
  if (contents.length === KEY_BYTES) return contents;
  const digits = /^(?:0x)?([0-9a-fA-F]{64})\s*$/.exec(contents.toString("latin1"))?.[1];
  return digits === undefined ? undefined : Buffer.from(digits, "hex");
}

/** @param uncompressedKey 65 bytes, the first of which says only that it is uncompressed */
function checksummed(uncompressedKey: Uint8Array): string {
  const digits = hex(keccak_256(uncompressedKey.subarray(1))).slice(-40);
  const marks = hex(keccak_256(Buffer.from(digits)));
  const marked = digits.replaceAll(/[a-f]/g, (digit, at: number) =>
    Number.parseInt(marks.charAt(at), 16) >= 8 ? digit.toUpperCase() : digit,
  );
  return `0x${marked}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
