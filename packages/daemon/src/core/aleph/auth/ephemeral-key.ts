/** The short-lived keys of operators: ECDSA on P-256, as a JSON Web Key. */

import { createPublicKey, verify, type KeyObject } from "node:crypto";

import { isJsonObject } from "./json-object.ts";

/** 32 bytes */
const COORDINATE = /^[A-Za-z0-9_-]{43}=?$/;

/** A key as it was sent, of the right shape; whether it is a point of the curve is not known yet. */
export interface EphemeralJwk {
  readonly x: string;
  readonly y: string;
}

/** @returns `undefined` for what is no such key, or is not meant for signatures */
export function ephemeralJwkIn(value: unknown): EphemeralJwk | undefined {
  if (!isJsonObject(value)) return undefined;
  const { kty, crv, x, y, use, key_ops: operations } = value;
  if (kty !== "EC" || crv !== "P-256") return undefined;
  if (use !== undefined && use !== "sig") return undefined;
  if (operations !== undefined && !mayVerify(operations)) return undefined;
  return isCoordinate(x) && isCoordinate(y) ? { x, y } : undefined;
}

/** @returns `undefined` for a point that is not on the curve */
export function ephemeralKeyOf({ x, y }: EphemeralJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  } catch {
    return undefined; // not on the curve: nobody's key
  }
}

/** @param signature r and s, 32 bytes each; whatever has another length is none */
export function es256Verifies(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  return verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature);
}

function mayVerify(operations: unknown): boolean {
  return Array.isArray(operations) && operations.includes("verify");
}

function isCoordinate(value: unknown): value is string {
  return typeof value === "string" && COORDINATE.test(value);
}
