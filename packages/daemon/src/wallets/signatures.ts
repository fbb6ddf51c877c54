/** Signatures of wallets: Ethereum's personal_sign, Solana's Ed25519. */

import { createPublicKey, verify } from "node:crypto";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { base58 } from "@scure/base";

import type { WalletSignatures } from "#core/aleph/ports/wallet-signatures.ts";

const ADDRESS_BYTES = 20;
const ED25519_KEY_BYTES = 32;
const ED25519_SIGNATURE_BYTES = 64;
const ETHEREUM_SIGNATURE_BYTES = 65;
/** 32 bytes in base58 */
const MAX_SOLANA_ADDRESS_CHARS = 44;

export const walletSignatures: WalletSignatures = {
  ethereumSigner,
  solanaVerifies,
  isChecksummed,
};

function ethereumSigner(message: Uint8Array, signature: Uint8Array): string | undefined {
  const recovery = recoveryOf(signature[ETHEREUM_SIGNATURE_BYTES - 1]);
  if (signature.length !== ETHEREUM_SIGNATURE_BYTES || recovery === undefined) return undefined;
  const recoverable = Uint8Array.of(recovery, ...signature.subarray(0, -1));
  try {
    const whole = secp256k1.Signature.fromBytes(recoverable, "recovered");
    return addressOf(whole.recoverPublicKey(personalDigest(message)).toBytes(false));
  } catch {
    return undefined; // r or s out of range, or no point of the curve: no signature of anybody
  }
}

/** 27 and 28 are how Ethereum writes 0 and 1; EIP-155 mixes the chain's number in, so that only the parity is left. */
function recoveryOf(v: number | undefined): 0 | 1 | undefined {
  if (v === 0 || v === 27) return 0;
  if (v === 1 || v === 28) return 1;
  if (v === undefined || v < 35) return undefined;
  return v % 2 === 1 ? 0 : 1;
}

function personalDigest(message: Uint8Array): Uint8Array {
  const prefix = `\x19Ethereum Signed Message:\n${message.length}`;
  return keccak_256(Buffer.concat([Buffer.from(prefix), message]));
}

function addressOf(uncompressedKey: Uint8Array): string {
  const digest = keccak_256(uncompressedKey.subarray(1));
  return `0x${Buffer.from(digest.subarray(-ADDRESS_BYTES)).toString("hex")}`;
}

function solanaVerifies(
  message: Uint8Array,
  signature: Uint8Array,
  address: string,
): "yes" | "no" | "malformed" {
  const key = solanaKey(address);
  if (!key || signature.length !== ED25519_SIGNATURE_BYTES) return "malformed";
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(key).toString("base64url") };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  return verify(null, message, publicKey, signature) ? "yes" : "no";
}

function solanaKey(address: string): Uint8Array | undefined {
  if (address.length > MAX_SOLANA_ADDRESS_CHARS) return undefined; // decoding takes the square of the length
  try {
    const key = base58.decode(address);
    return key.length === ED25519_KEY_BYTES ? key : undefined;
  } catch {
    return undefined; // other characters than base58 has
  }
}

function isChecksummed(address: string): boolean {
  const digits = /^0x([0-9a-fA-F]{40})$/.exec(address)?.[1];
  if (digits === undefined) return false;
  const lower = digits.toLowerCase();
  const marks = Buffer.from(keccak_256(Buffer.from(lower))).toString("hex");
  const written = lower.replaceAll(/[a-f]/g, (digit, at: number) =>
    Number.parseInt(marks.charAt(at), 16) >= 8 ? digit.toUpperCase() : digit,
  );
  return written === digits;
}
