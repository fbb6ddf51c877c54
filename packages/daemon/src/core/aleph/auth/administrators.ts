/**
 * Administrators of a node: whoever holds the allocation token, or signs a request as one of the node's allocation
 * signers.
 *
 * A signed request counts once, for its method, path and body, for as long as the node's settings say. What was used is
 * remembered by this run of the daemon only, so that nothing counts that an earlier run may have seen.
 */

import { createHash } from "node:crypto";

import type { Clock } from "../../ports/clock.ts";
import type { EarlierRuns } from "../ports/earlier-runs.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import type { AuthSettings } from "../settings.ts";
import { allocationClaimIn, type AllocationClaim } from "./allocation-claim.ts";
import { OnceOnly } from "./once-only.ts";
import type { RequestFacts } from "./request-facts.ts";
import { isSameSecret } from "./same-secret.ts";

/** of a request that is signed, in bytes */
const MAX_SIGNED_BODY_BYTES = 1024 * 1024;

export interface AdministratorsDeps {
  readonly auth: Pick<
    AuthSettings,
    "allocationTokenHash" | "allocationSigners" | "allocationSignatureMaxAgeS"
  >;
  readonly wallets: WalletSignatures;
  readonly earlier: EarlierRuns;
  readonly clock: Clock;
}

export class Administrators {
  readonly #deps: AdministratorsDeps;
  /** lower case */
  readonly #signers: ReadonlySet<string>;
  readonly #used: OnceOnly;

  constructor(deps: AdministratorsDeps) {
    this.#deps = deps;
    this.#signers = new Set(deps.auth.allocationSigners.map((address) => address.toLowerCase()));
    this.#used = new OnceOnly(deps.clock);
  }

  /** A signature decides where there is one; a token beside it is not looked at. */
  async admits(facts: RequestFacts): Promise<boolean> {
    if (facts.authorization) return await this.#admitsSignature(facts, facts.authorization);
    return this.#admitsToken(facts.allocationToken ?? "");
  }

  #admitsToken(token: string): boolean {
    const { allocationTokenHash: expected } = this.#deps.auth;
    if (expected === undefined || token === "") return false;
    return isSameSecret(createHash("sha256").update(token).digest("hex"), expected);
  }

  /** The dear checks come last: whose signature it is, and the body, which is not read before. */
  async #admitsSignature(facts: RequestFacts, authorization: string): Promise<boolean> {
    if (this.#signers.size === 0) return false;
    const claim = allocationClaimIn(authorization);
    if (!claim || !this.#isMeantFor(facts, claim)) return false;
    const signer = this.#deps.wallets.ethereumSigner(claim.payload, claim.signature);
    if (signer === undefined || !this.#signers.has(signer)) return false;
    const body = await facts.body();
    if (body.length > MAX_SIGNED_BODY_BYTES || sha256(body) !== claim.bodySha256) return false;
    // The body may have taken its time, so that what was fresh may not be any more.
    if (!this.#isFresh(claim)) return false;
    if (this.#used.use(this.#nameOf(claim, signer), this.#endOf(claim)) !== "first") return false;
    this.#deps.earlier.accepted(claim.iat);
    return true;
  }

  #isMeantFor(facts: RequestFacts, claim: AllocationClaim): boolean {
    if (!this.#isFresh(claim) || facts.hasQuery) return false;
    if (claim.method !== facts.method || claim.path !== facts.path) return false;
    return isBoundedBody(facts);
  }

  #isFresh({ iat }: AllocationClaim): boolean {
    if (iat < this.#deps.earlier.notBefore) return false;
    const maxAgeS = this.#deps.auth.allocationSignatureMaxAgeS;
    return Math.abs(iat - this.#deps.clock.now().getTime() / 1000) <= maxAgeS;
  }

  #endOf({ iat }: AllocationClaim): number {
    return (iat + this.#deps.auth.allocationSignatureMaxAgeS) * 1000;
  }

  /** Goes by what was signed, not by the signature: every signature of ECDSA has a twin. */
  #nameOf({ payload }: AllocationClaim, signer: string): string {
    return `${signer} ${sha256(payload)}`;
  }
}

/** Requests that have no body by nature do not say how long it is. */
function isBoundedBody({ method, contentLength }: RequestFacts): boolean {
  if (contentLength === undefined) return method === "GET" || method === "DELETE";
  return contentLength <= MAX_SIGNED_BODY_BYTES;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
