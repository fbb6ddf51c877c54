/**
 * Whether wallets have signed for short-lived keys.
 *
 * Finding out who made an Ethereum signature is the dearest thing at the door. Clients send the same signed key for
 * hours, so the latest answers are remembered, good and bad ones apart: bad ones, which anybody can make, do
 * not push out good ones.
 */

import { createHash } from "node:crypto";

import { isSameAddress } from "../caller.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import type { SignedEnvelope } from "./signed-envelope.ts";

const MAX_REMEMBERED = 1024;

export type WalletChain = "ETH" | "SOL";
type Verdict = "yes" | "no" | "malformed";

export class WalletProofs {
  readonly #wallets: WalletSignatures;
  readonly #good = new Map<string, Verdict>();
  readonly #bad = new Map<string, Verdict>();

  constructor(wallets: WalletSignatures) {
    this.#wallets = wallets;
  }

  /**
   * @param chain and `address`, which the payload names: they follow from it
   * @returns whether the owner of the address has signed the payload
   */
  judge(envelope: SignedEnvelope, chain: WalletChain, address: string): Verdict {
    const name = nameOf(envelope);
    const known = recalled(this.#good, name) ?? recalled(this.#bad, name);
    if (known) return known;
    const verdict =
      chain === "ETH" ? this.#ethereum(envelope, address) : this.#solana(envelope, address);
    remember(verdict === "yes" ? this.#good : this.#bad, name, verdict);
    return verdict;
  }

  #ethereum({ payload, signature }: SignedEnvelope, address: string): Verdict {
    const signer = this.#wallets.ethereumSigner(payload, signature);
    if (signer === undefined) return "malformed";
    return isSameAddress(signer, address) ? "yes" : "no";
  }

  /** Solana's wallets sign the digits of the payload, not its bytes. */
  #solana({ payload, signature }: SignedEnvelope, address: string): Verdict {
    const digits = Buffer.from(Buffer.from(payload).toString("hex"));
    return this.#wallets.solanaVerifies(digits, signature, address);
  }
}

function nameOf({ payload, signature }: SignedEnvelope): string {
  const hash = createHash("sha256").update(`${payload.length}\n`);
  return hash.update(payload).update(signature).digest("base64");
}

function recalled(verdicts: Map<string, Verdict>, name: string): Verdict | undefined {
  const verdict = verdicts.get(name);
  if (verdict) remember(verdicts, name, verdict);
  return verdict;
}

/** Puts it last in line; the first in line goes when there are too many. */
function remember(verdicts: Map<string, Verdict>, name: string, verdict: Verdict): void {
  verdicts.delete(name);
  verdicts.set(name, verdict);
  const [oldest] = verdicts.keys();
  if (verdicts.size > MAX_REMEMBERED && oldest !== undefined) verdicts.delete(oldest);
}
