/** Asking an Aleph node as one of its allocation signers: the wallet signs each request whole, to be used once. */

import { createHash, randomUUID } from "node:crypto";

import { pathOf } from "./node-url.ts";
import type { Wallet } from "./wallet.ts";

export interface SignableRequest {
  readonly method: string;
  /** must have no query: nodes refuse signed requests with one */
  readonly url: URL;
  /** exactly as it will be sent */
  readonly body: Uint8Array;
}

/** @returns the `Authorization` header; good for five minutes, and once */
export function allocationAuthorization(
  wallet: Wallet,
  { method, url, body }: SignableRequest,
  now: Date,
): string {
  const said = {
    body_sha256: createHash("sha256").update(body).digest("hex"),
    iat: Math.floor(now.getTime() / 1000),
    method,
    path: pathOf(url),
    nonce: randomUUID(), // two requests of one second that are otherwise the same both count
  };
  const payload = Buffer.from(JSON.stringify(said));
  const signature = wallet.sign(payload).slice("0x".length);
  return `Aleph-EIP191-V1 sig=${signature},payload=${payload.toString("hex")}`;
}
