/**
 * Operators: a wallet has signed for a short-lived key, and that key signs each operation.
 *
 * The order of the checks and the words are the API's. Everything that is cheap to know of the key comes before
 * the mathematics of it.
 */

import { createHash, type KeyObject } from "node:crypto";

import type { Clock } from "../../ports/clock.ts";
import type { Caller } from "../caller.ts";
import type { EarlierRuns } from "../ports/earlier-runs.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import { Refusal } from "../refusal.ts";
import { ephemeralKeyOf, es256Verifies } from "./ephemeral-key.ts";
import { parsedJson } from "./json-object.ts";
import { OnceOnly } from "./once-only.ts";
import type { RequestFacts } from "./request-facts.ts";
import {
  MAX_CLOCK_SKEW_MS,
  signedOperationIn,
  untimely,
  type SignedOperation,
} from "./signed-operation.ts";
import { signedPubKeyIn, type SignedPubKey } from "./signed-pub-key.ts";
import { WalletProofs } from "./wallet-proofs.ts";
import { credentialsIn } from "./watch-frame.ts";

/** characters of a header that are read */
const MAX_HEADER_CHARS = 32_768;

export interface OperatorsDeps {
  /** the names that clients sign for, the node's own first */
  readonly domains: readonly [string, ...string[]];
  /** whether an operation that changes something counts once only */
  readonly operationsOnce: boolean;
  /** looked at only where operations count once */
  readonly earlier: Pick<EarlierRuns, "notBefore">;
  readonly wallets: WalletSignatures;
  readonly clock: Clock;
}

/** A key that a wallet has signed for. */
interface ProvenKey extends SignedPubKey {
  readonly key: KeyObject;
}

export class Operators {
  readonly #deps: OperatorsDeps;
  readonly #proofs: WalletProofs;
  readonly #used: OnceOnly;

  constructor(deps: OperatorsDeps) {
    this.#deps = deps;
    this.#proofs = new WalletProofs(deps.wallets);
    this.#used = new OnceOnly(deps.clock);
  }

  /** @throws Refusal `bad request`, `unauthorized` or `unavailable` */
  caller(facts: RequestFacts): Caller {
    const proven = this.#prove(pubKeyHeader(facts.signedPubKey));
    const operation = this.#timely(operationHeader(facts.signedOperation));
    this.#mustBeMeantFor(facts, operation);
    this.#mustBeSigned(proven, operation);
    if (operation.method !== "GET") this.#mustBeFirst(proven, operation);
    return { kind: "wallet", address: proven.address };
  }

  /**
   * Which path and method were signed does not matter here.
   * @param frame text, or the bytes of a binary message
   * @throws Refusal whose message is what the watcher is told
   */
  watcher(frame: string | Uint8Array): Caller {
    const { pubKey, operation: value } = credentialsIn(frame);
    const proven = this.#prove(pubKey);
    const operation = signedOperationIn(value) ?? badOperation();
    const problem = untimely(operation, this.#now());
    if (problem !== undefined) throw new Refusal("bad request", problem);
    if (!this.#deps.domains.includes(operation.domain))
      throw new Refusal("unauthorized", "Invalid domain");
    this.#mustBeSigned(proven, operation);
    return { kind: "wallet", address: proven.address };
  }

  #prove(value: unknown): ProvenKey {
    const pubKey = signedPubKeyIn(value) ?? badPubKey();
    if (pubKey.expires <= this.#now()) throw new Refusal("unauthorized", "Token expired");
    const key = ephemeralKeyOf(pubKey.jwk) ?? badPubKey();
    const verdict = this.#proofs.judge(pubKey.envelope, pubKey.chain, pubKey.address);
    if (verdict === "malformed") badPubKey();
    if (verdict === "no") throw new Refusal("unauthorized", "Invalid signature");
    return { ...pubKey, key };
  }

  #timely(value: unknown): SignedOperation {
    const operation = signedOperationIn(value);
    return operation && untimely(operation, this.#now()) === undefined ? operation : badOperation();
  }

  #mustBeMeantFor(facts: RequestFacts, { domain, path, method }: SignedOperation): void {
    const { domains } = this.#deps;
    const problem =
      (!domains.includes(domain) &&
        `Invalid domain: Signed: '${domain}' != Request: '${domains[0]}'`) ||
      (path !== facts.path &&
        `Invalid path. Signed: '${path}' !=  requested path: '${facts.path}'`) ||
      (method !== facts.method &&
        `Invalid method. Signed: '${method}' !=  request:'${facts.method}`);
    if (problem) throw new Refusal("unauthorized", problem);
  }

  #mustBeSigned({ key }: ProvenKey, { envelope }: SignedOperation): void {
    if (es256Verifies(key, envelope.payload, envelope.signature)) return;
    throw new Refusal("unauthorized", "Signature could not verified");
  }

  /** Goes by what was signed, not by the signature: every signature of ECDSA has a twin. */
  #mustBeFirst({ jwk }: ProvenKey, { envelope, time }: SignedOperation): void {
    if (!this.#deps.operationsOnce) return;
    const digest = createHash("sha256").update(envelope.payload).digest("hex");
    const isOld = time < this.#deps.earlier.notBefore * 1000;
    const name = `${jwk.x} ${jwk.y} ${digest}`;
    const outcome = isOld ? "again" : this.#used.use(name, time + MAX_CLOCK_SKEW_MS);
    if (outcome === "again")
      throw new Refusal("unauthorized", "This signed operation has been used before");
    if (outcome === "full")
      throw new Refusal("unavailable", "Too many signed operations; try again in four minutes");
  }

  #now(): number {
    return this.#deps.clock.now().getTime();
  }
}

function pubKeyHeader(header: string | undefined): unknown {
  if (!header) throw new Refusal("bad request", "Missing X-SignedPubKey header");
  const value = header.length > MAX_HEADER_CHARS ? undefined : parsedJson(header);
  if (value === undefined) throw new Refusal("bad request", "Invalid X-SignedPubKey format");
  return value;
}

function operationHeader(header: string | undefined): unknown {
  if (!header) throw new Refusal("bad request", "Missing X-SignedOperation header");
  return header.length > MAX_HEADER_CHARS ? undefined : parsedJson(header);
}

function badPubKey(): never {
  throw new Refusal("bad request", "Invalid X-SignedPubKey data");
}

function badOperation(): never {
  throw new Refusal("bad request", "Invalid X-SignedOperation fields");
}
