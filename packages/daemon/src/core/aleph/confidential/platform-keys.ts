/** Keys of a platform and of guests' owners: pairs on P-384, what they agree on, and what they sign. */

import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

import type { PublicPoint } from "./certificate.ts";

const CURVE_BYTES = 48;

/** r and s behind each other, in place of ASN.1 */
const PLAIN = "ieee-p1363";

export function newKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
}

/** @returns the private key that a PEM text holds. @throws Error when it holds none */
export function readKey(pem: string): KeyObject {
  return createPrivateKey(pem);
}

export function writeKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** @param key on P-384 */
export function pointOf(key: KeyObject): PublicPoint {
  const { x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
  return { curve: "P-384", x: coordinate(x), y: coordinate(y) };
}

/**
 * @returns the x coordinate of what both keys lead to, 48 bytes big endian; `undefined` when the point is on another
 *   curve, or on none
 */
export function sharedSecret(own: KeyObject, other: PublicPoint): Buffer | undefined {
  const publicKey = publicKeyOf(other);
  if (other.curve !== "P-384" || !publicKey) return undefined;
  return diffieHellman({ privateKey: own, publicKey });
}

/** ECDSA over SHA-256. */
export function signWith(
  key: KeyObject,
  message: Uint8Array,
): { readonly r: Uint8Array; readonly s: Uint8Array } {
  const both = sign("sha256", message, { key, dsaEncoding: PLAIN });
  return { r: both.subarray(0, CURVE_BYTES), s: both.subarray(CURVE_BYTES) };
}

export function isSignedBy(
  signer: PublicPoint,
  message: Uint8Array,
  { r, s }: { readonly r: Uint8Array; readonly s: Uint8Array },
): boolean {
  const key = publicKeyOf(signer);
  if (!key) return false;
  return verify("sha256", message, { key, dsaEncoding: PLAIN }, Buffer.concat([r, s]));
}

function publicKeyOf({ curve, x, y }: PublicPoint): KeyObject | undefined {
  const jwk = { kty: "EC", crv: curve, x: base64url(x), y: base64url(y) };
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    return undefined; // not a point of the curve
  }
}

function coordinate(text: string): Uint8Array {
  return Buffer.from(text, "base64url");
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
