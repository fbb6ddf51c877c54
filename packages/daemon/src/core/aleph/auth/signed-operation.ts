/** What an operator wants, signed with a short-lived key: when, what, where, at which node. Pure. */

import { instantOf } from "./iso-time.ts";
import { envelopeIn, type SignedEnvelope } from "./signed-envelope.ts";

/** how far an operation's time may be from the node's, either way; the bounds are included */
export const MAX_CLOCK_SKEW_MS = 120_000;

export interface SignedOperation {
  readonly envelope: SignedEnvelope;
  /** milliseconds since 1970 */
  readonly time: number;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly domain: string;
}

/** Nothing is proven yet. @returns `undefined` for what is no such thing */
export function signedOperationIn(value: unknown): SignedOperation | undefined {
  const envelope = envelopeIn(value);
  if (!envelope || envelope.signature.length === 0) return undefined;
  const { time: written, method, path, domain } = envelope.said;
  const time = timeOf(written);
  if (time === undefined || typeof path !== "string" || typeof domain !== "string")
    return undefined;
  return method === "GET" || method === "POST" || method === "DELETE"
    ? { envelope, time, method, path, domain }
    : undefined;
}

/** @param now milliseconds since 1970; @returns what is wrong with its time, if anything */
export function untimely({ time }: SignedOperation, now: number): string | undefined {
  if (time < now - MAX_CLOCK_SKEW_MS) return "Time is too far in the past";
  if (time > now + MAX_CLOCK_SKEW_MS) return "Time is too far in the future";
  return undefined;
}

/** Seconds since 1970 are a time, too. */
function timeOf(written: unknown): number | undefined {
  if (typeof written === "number") return written * 1000;
  return typeof written === "string" ? instantOf(written) : undefined;
}
