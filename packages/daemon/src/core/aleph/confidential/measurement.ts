/** What a launch is measured as: a keyed hash over platform, policy and firmware. Source: AMD's SEV API, LAUNCH_MEASURE. */

import { createHash, createHmac } from "node:crypto";

import { u32 } from "./octets.ts";

/** of the keyed hash; a nonce of 16 bytes follows it in what is answered */
export const MEASURE_BYTES = 32;
export const NONCE_BYTES = 16;

const CONTEXT = 0x04;

/** version of the processor's SEV firmware, one byte each */
export interface SevApi {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

export interface Launch {
  readonly api: SevApi;
  readonly policy: number;
  /** `launchDigest` of what was put into the guest's memory */
  readonly digest: Uint8Array;
  /** 16 bytes */
  readonly nonce: Uint8Array;
}

/** Of a guest whose memory holds nothing but the firmware at its launch. @returns 32 bytes */
export function launchDigest(firmware: Uint8Array): Buffer {
  return createHash("sha256").update(firmware).digest();
}

/** @param tik 16 bytes; @returns the measure and the nonce, 48 bytes */
export function launchMeasure(tik: Uint8Array, { api, policy, digest, nonce }: Launch): Buffer {
  const head = Buffer.from([CONTEXT, api.major, api.minor, api.build]);
  const measure = createHmac("sha256", tik)
    .update(Buffer.concat([head, u32(policy), digest, nonce]))
    .digest();
  return Buffer.concat([measure, nonce]);
}
