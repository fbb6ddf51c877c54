/**
 * The session of a guest's owner with a platform: two keys, wrapped for the platform alone and bound to a policy.
 * Source: AMD's SEV API, LAUNCH_START; derivation after NIST SP 800-108 in counter mode.
 */

import { createCipheriv, createHmac } from "node:crypto";

import { isSame, u32 } from "./octets.ts";

export const SESSION_BYTES = 128;

const KEY_BYTES = 16;
const HASH_BYTES = 32;

/** What both sides know in the end, 16 bytes each: one encrypts, the other proves. */
export interface TransportKeys {
  readonly tek: Uint8Array;
  readonly tik: Uint8Array;
}

export interface Session {
  /** 16 bytes */
  readonly nonce: Uint8Array;
  /** 32 bytes: both keys, encrypted */
  readonly wrappedKeys: Uint8Array;
  /** 16 bytes */
  readonly wrapIv: Uint8Array;
  /** 32 bytes each */
  readonly wrapMac: Uint8Array;
  readonly policyMac: Uint8Array;
}

/** @returns `undefined` when it has another size */
export function readSession(blob: Uint8Array): Session | undefined {
  if (blob.length !== SESSION_BYTES) return undefined;
  return {
    nonce: blob.subarray(0, 16),
    wrappedKeys: blob.subarray(16, 48),
    wrapIv: blob.subarray(48, 64),
    wrapMac: blob.subarray(64, 96),
    policyMac: blob.subarray(96, 128),
  };
}

export function writeSession(session: Session): Buffer {
  const { nonce, wrappedKeys, wrapIv, wrapMac, policyMac } = session;
  return Buffer.concat([nonce, wrappedKeys, wrapIv, wrapMac, policyMac]);
}

/**
 * @param shared x coordinate of the point that both keys lead to, 48 bytes big endian
 * @returns the keys; or which check failed
 */
export function openSession(
  session: Session,
  shared: Uint8Array,
  policy: number,
): TransportKeys | "other platform" | "other policy" {
  const { kek, kik } = wrappingKeys(shared, session.nonce);
  if (!isSame(session.wrapMac, hmac(kik, session.wrappedKeys))) return "other platform";
  const keys = aesCtr(kek, session.wrapIv, session.wrappedKeys);
  const [tek, tik] = [keys.subarray(0, KEY_BYTES), keys.subarray(KEY_BYTES)];
  if (!isSame(session.policyMac, hmac(tik, u32(policy)))) return "other policy";
  return { tek, tik };
}

/** What an owner does. */
export function sealSession(
  { tek, tik }: TransportKeys,
  shared: Uint8Array,
  { nonce, wrapIv, policy }: { nonce: Uint8Array; wrapIv: Uint8Array; policy: number },
): Session {
  const { kek, kik } = wrappingKeys(shared, nonce);
  const wrappedKeys = aesCtr(kek, wrapIv, Buffer.concat([tek, tik]));
  const [wrapMac, policyMac] = [hmac(kik, wrappedKeys), hmac(tik, u32(policy))];
  return { nonce, wrappedKeys, wrapIv, wrapMac, policyMac };
}

/** @returns keys that encrypt and prove the session's own */
export function wrappingKeys(
  shared: Uint8Array,
  nonce: Uint8Array,
): { readonly master: Buffer; readonly kek: Buffer; readonly kik: Buffer } {
  const nothing = Buffer.alloc(0);
  const master = derive(shared, KEY_BYTES, nonce, "sev-master-secret");
  const kek = derive(master, KEY_BYTES, nothing, "sev-kek");
  return { master, kek, kik: derive(master, KEY_BYTES, nothing, "sev-kik") };
}

/** @param size in bytes, of what is derived */
export function derive(key: Uint8Array, size: number, context: Uint8Array, label: string): Buffer {
  const fixed = [Buffer.from(label), Buffer.alloc(1), context, u32(size * 8)];
  const blocks = Array.from({ length: Math.ceil(size / HASH_BYTES) }, (_, index) =>
    hmac(key, Buffer.concat([u32(index + 1), ...fixed])),
  );
  return Buffer.concat(blocks).subarray(0, size);
}

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

/** its own inverse */
function aesCtr(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-128-ctr", key, iv);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}
