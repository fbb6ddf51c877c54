/** What an operator's wallet says of a short-lived key: whose it is, and until when. Pure. */

import { ephemeralJwkIn, type EphemeralJwk } from "./ephemeral-key.ts";
import { instantOf } from "./iso-time.ts";
import { envelopeIn, type SignedEnvelope } from "./signed-envelope.ts";
import type { WalletChain } from "./wallet-proofs.ts";

export interface SignedPubKey {
  readonly envelope: SignedEnvelope;
  readonly jwk: EphemeralJwk;
  /** as the payload writes it */
  readonly address: string;
  readonly chain: WalletChain;
  /** milliseconds since 1970 */
  readonly expires: number;
}

/** Nothing is proven yet. @returns `undefined` for what is no such thing, or is of a chain whose signatures are not known here */
export function signedPubKeyIn(value: unknown): SignedPubKey | undefined {
  const envelope = envelopeIn(value);
  if (!envelope) return undefined;
  const { pubkey, address, expires: written, chain = "ETH" } = envelope.said;
  const jwk = ephemeralJwkIn(pubkey);
  const expires = typeof written === "string" ? instantOf(written) : undefined;
  if (!jwk || expires === undefined || typeof address !== "string") return undefined;
  return chain === "ETH" || chain === "SOL"
    ? { envelope, jwk, address, chain, expires }
    : undefined;
}
