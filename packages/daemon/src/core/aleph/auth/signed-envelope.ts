/**
 * What operators sign: JSON in hexadecimal, and the signature beside it. What is verified is the bytes as they
 * came; they are never written anew.
 */

import { bytesOfHex, bytesOfPrefixedHex } from "./hex.ts";
import { isJsonObject, parsedJsonBytes, type JsonObject } from "./json-object.ts";

export interface SignedEnvelope {
  readonly payload: Uint8Array;
  /** may be of any length */
  readonly signature: Uint8Array;
  /** what the payload says */
  readonly said: JsonObject;
}

/** @param value `{payload, signature}`; other keys are ignored. @returns `undefined` for anything else */
export function envelopeIn(value: unknown): SignedEnvelope | undefined {
  if (!isJsonObject(value)) return undefined;
  const { payload: payloadHex, signature: signatureHex } = value;
  if (typeof payloadHex !== "string" || typeof signatureHex !== "string") return undefined;
  const payload = bytesOfHex(payloadHex);
  const signature = bytesOfPrefixedHex(signatureHex);
  if (!payload || !signature) return undefined;
  const said = parsedJsonBytes(payload);
  return isJsonObject(said) ? { payload, signature, said } : undefined;
}
