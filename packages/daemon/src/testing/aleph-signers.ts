/** Signs as clients of an Aleph node do: wallets, short-lived keys and allocation signers. The keys are known to everybody. */

import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from "node:crypto";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { base58 } from "@scure/base";

import type { RequestFacts } from "#core/aleph/auth/request-facts.ts";
import type { EarlierRuns } from "#core/aleph/ports/earlier-runs.ts";
import type { AuthSettings } from "#core/aleph/settings.ts";
import type { Clock } from "#core/ports/clock.ts";

export const NODE_DOMAIN = "crn.example.org";
export const VM_HASH = "deca".repeat(16);
export const STOP_PATH = `/control/machine/${VM_HASH}/stop`;
export const ALLOCATIONS_PATH = "/control/allocations";

export const CLOSED_AUTH: AuthSettings = {
  allocationTokenHash: undefined,
  allocationSigners: [],
  allocationSignatureMaxAgeS: 300,
  openNotify: false,
  operationsOnce: false,
  delegationTtlS: 120,
};

/** of a daemon that is the first on its host */
export const NO_EARLIER_RUN: EarlierRuns = {
  notBefore: Number.NEGATIVE_INFINITY,
  accepted: () => undefined,
};

/** A clock that stands still until it is moved. */
export class SetClock implements Clock {
  ms: number;

  constructor(at: string) {
    this.ms = Date.parse(at);
  }

  now(): Date {
    return new Date(this.ms);
  }
}

export interface TestWallet {
  readonly chain: "ETH" | "SOL";
  readonly address: string;
  /** as this chain's wallets sign a payload */
  signPayload(payload: Uint8Array): Uint8Array;
}

export function ethereumWallet(secretHex: string): TestWallet {
  const key = secp256k1.getPublicKey(Buffer.from(secretHex, "hex"), false);
  const digest = Buffer.from(keccak_256(key.subarray(1)).subarray(-20));
  return {
    chain: "ETH",
    address: `0x${digest.toString("hex")}`,
    signPayload: (payload) => personalSign(payload, secretHex),
  };
}

export function solanaWallet(seedHex: string): TestWallet {
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seedHex}`, "hex");
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const x = String(key.export({ format: "jwk" }).x);
  return {
    chain: "SOL",
    address: base58.encode(Buffer.from(x, "base64url")),
    signPayload: (payload) => sign(null, Buffer.from(Buffer.from(payload).toString("hex")), key),
  };
}

/** Ethereum's personal_sign: r, s, and v as 27 or 28. */
export function personalSign(message: Uint8Array, secretHex: string): Uint8Array {
  const prefix = `\x19Ethereum Signed Message:\n${message.length}`;
  const digest = keccak_256(Buffer.concat([Buffer.from(prefix), message]));
  const secret = Buffer.from(secretHex, "hex");
  const signature = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
  return Uint8Array.of(...signature.subarray(1), 27 + (signature[0] ?? 0));
}

export interface TestKey {
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly privateKey: KeyObject;
}

export function shortLivedKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { jwk: { ...publicKey.export({ format: "jwk" }) }, privateKey };
}

export interface OperatorOrder {
  readonly wallet: TestWallet;
  readonly key: TestKey;
  readonly clock: Clock;
  /** in place of what a client would say */
  readonly claim?: Readonly<Record<string, unknown>>;
  readonly operation?: Readonly<Record<string, unknown>>;
}

export interface SignedPart {
  readonly payload: string;
  readonly signature: string;
}

export interface SignedParts {
  readonly pubKey: SignedPart;
  readonly operation: SignedPart;
}

/** What an operator sends to stop the VM, unless the order says otherwise. */
export function signedParts({ wallet, key, clock, claim, operation }: OperatorOrder): SignedParts {
  const now = clock.now().getTime();
  const expires = new Date(now + 86_400_000).toISOString();
  const { address, chain } = wallet;
  const said = { pubkey: key.jwk, alg: "ECDSA", domain: NODE_DOMAIN, address, expires, chain };
  const pubKey = Buffer.from(JSON.stringify({ ...said, ...claim }));
  const time = new Date(now).toISOString();
  const wanted = { time, method: "POST", path: STOP_PATH, domain: NODE_DOMAIN, ...operation };
  const payload = Buffer.from(JSON.stringify(wanted));
  return {
    pubKey: part(pubKey, wallet.signPayload(pubKey)),
    operation: part(payload, es256(payload, key.privateKey)),
  };
}

export function part(payload: Uint8Array, signature: Uint8Array): SignedPart {
  return {
    payload: Buffer.from(payload).toString("hex"),
    signature: Buffer.from(signature).toString("hex"),
  };
}

export function es256(payload: Uint8Array, key: KeyObject): Uint8Array {
  return sign("sha256", payload, { key, dsaEncoding: "ieee-p1363" });
}

/** A request to stop the VM, with these parts as headers. */
export function operatorFacts(
  { pubKey, operation }: SignedParts,
  changes: Partial<RequestFacts> = {},
): RequestFacts {
  return {
    method: "POST",
    path: STOP_PATH,
    hasQuery: false,
    signedPubKey: JSON.stringify(pubKey),
    signedOperation: JSON.stringify(operation),
    body: async () => new Uint8Array(),
    ...changes,
  };
}

/** A request for allocations, with this body and these credentials. */
export function allocationFacts(body: string, changes: Partial<RequestFacts>): RequestFacts {
  const bytes = Buffer.from(body);
  return {
    method: "POST",
    path: ALLOCATIONS_PATH,
    hasQuery: false,
    contentLength: bytes.length,
    body: async () => bytes,
    ...changes,
  };
}

/** @param secretHex the signer's; @param claim in place of what a client would say, or the text itself */
export function allocationHeader(
  secretHex: string,
  body: string,
  clock: Clock,
  claim: Readonly<Record<string, unknown>> | string = {},
): string {
  const digest = createHash("sha256").update(body).digest("hex");
  const iat = Math.floor(clock.now().getTime() / 1000);
  const said = { body_sha256: digest, iat, method: "POST", path: ALLOCATIONS_PATH };
  const text = typeof claim === "string" ? claim : JSON.stringify({ ...said, ...claim });
  const { payload, signature } = part(
    Buffer.from(text),
    personalSign(Buffer.from(text), secretHex),
  );
  return `Aleph-EIP191-V1 sig=${signature},payload=${payload}`;
}
