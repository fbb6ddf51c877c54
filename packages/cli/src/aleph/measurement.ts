/**
 * What a confidential VM's processor says of what it was started with, and whether that is what its owner knows: the
 * firmware's digest under a key that only the owner and the processor have.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";

import { AlcoveProtocolError, isObject } from "@alcove/sdk/errors.ts";
import { type Resource, asResource, resource } from "@alcove/sdk/resource.ts";

export interface SevInfo {
  readonly enabled: boolean;
  readonly api_major: number;
  readonly api_minor: number;
  readonly build_id: number;
  readonly policy: number;
  readonly state: string;
}

export interface Measurement {
  readonly info: SevInfo;
  /** 32 bytes: what is compared */
  readonly digest: Buffer;
  /** 16 bytes */
  readonly nonce: Buffer;
}

const SEV_INFO: Resource<SevInfo> = resource<SevInfo>("description of the processor", {
  enabled: "boolean",
  api_major: "number",
  api_minor: "number",
  build_id: "number",
  policy: "number",
  state: "string",
});

const DIGEST_BYTES = 32;
const NONCE_BYTES = 16;

/** @throws AlcoveProtocolError */
export function measurementIn(answer: unknown): Measurement {
  const { sev_info: info, launch_measure: text } = isObject(answer) ? answer : {};
  const bytes = Buffer.from(typeof text === "string" ? text : "", "base64");
  if (bytes.length !== DIGEST_BYTES + NONCE_BYTES)
    throw new AlcoveProtocolError("The node's measurement has not the length of one");
  const digest = bytes.subarray(0, DIGEST_BYTES);
  return { info: asResource(info, SEV_INFO), digest, nonce: bytes.subarray(DIGEST_BYTES) };
}

export interface Expected {
  /** of the owner's session, 16 bytes */
  readonly tik: Uint8Array;
  /** the file that the VM was to be started with */
  readonly firmware: Uint8Array;
  readonly policy: number;
}

/** Whether the processor has started this firmware under this policy, and has the owner's key. */
export function isAsExpected(
  { info, digest, nonce }: Measurement,
  { tik, firmware, policy }: Expected,
): boolean {
  const version = Buffer.from([4, info.api_major & 255, info.api_minor & 255, info.build_id & 255]);
  const policyBytes = Buffer.alloc(4);
  policyBytes.writeUInt32LE(policy);
  const launched = createHash("sha256").update(firmware).digest();
  const hmac = createHmac("sha256", tik).update(version).update(policyBytes);
  return timingSafeEqual(hmac.update(launched).update(nonce).digest(), digest);
}
