/**
 * A key that lives for a while and that a wallet has signed for, once: it then signs requests in the wallet's place,
 * and the wallet's own key can be put away.
 */

import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";

import { nameOf } from "./node-url.ts";
import type { Wallet } from "./wallet.ts";

/** as long as Aleph's own clients make them live */
export const KEY_LIFE_MS = 24 * 60 * 60 * 1000;

/** What is signed, in hexadecimal, and the signature. */
export interface SignedPart {
  readonly payload: string;
  readonly signature: string;
}

export interface OperatorKey {
  /** of the wallet, with its checksum */
  readonly address: string;
  /** name of the only node that lets it in */
  readonly domain: string;
  readonly expiresAt: Date;
  /** of the curve P-256 */
  readonly privateKey: KeyObject;
  /** what the wallet has signed */
  readonly pubKey: SignedPart;
}

export interface KeyOrder {
  readonly wallet: Wallet;
  /** any URL of the node: its host is the name that is signed for */
  readonly node: URL;
  readonly now: Date;
  readonly lifeMs?: number;
}

export function makeOperatorKey({
  wallet,
  node,
  now,
  lifeMs = KEY_LIFE_MS,
}: KeyOrder): OperatorKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { address } = wallet;
  const domain = nameOf(node);
  const expiresAt = new Date(now.getTime() + lifeMs);
  const said = Buffer.from(
    JSON.stringify({
      pubkey: publicKey.export({ format: "jwk" }),
      alg: "ECDSA",
      domain,
      address,
      expires: expiresAt.toISOString(),
      chain: "ETH",
    }),
  );
  const pubKey = { payload: said.toString("hex"), signature: wallet.sign(said) };
  return { address, domain, expiresAt, privateKey, pubKey };
}

/** as a file keeps it */
export function keyText({ address, domain, expiresAt, privateKey, pubKey }: OperatorKey): string {
  const kept = {
    address,
    domain,
    expires: expiresAt.toISOString(),
    private_key: privateKey.export({ format: "pem", type: "pkcs8" }),
    pub_key: pubKey,
  };
  return `${JSON.stringify(kept, null, 2)}\n`;
}

/** @throws Error for what `keyText` has not written */
export function keyFromText(text: string): OperatorKey {
  const kept = fieldsOf(JSON.parse(text));
  const expiresAt = new Date(textIn(kept, "expires"));
  if (Number.isNaN(expiresAt.getTime())) throw new Error("expires is no date");
  const pubKey = fieldsOf(kept.get("pub_key"));
  return {
    address: textIn(kept, "address"),
    domain: textIn(kept, "domain"),
    expiresAt,
    privateKey: createPrivateKey(textIn(kept, "private_key")),
    pubKey: { payload: textIn(pubKey, "payload"), signature: textIn(pubKey, "signature") },
  };
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(Object.entries(Object(value)));
}

function textIn(fields: ReadonlyMap<string, unknown>, name: string): string {
  const value = fields.get(name);
  if (typeof value !== "string") throw new Error(`${name} is missing`);
  return value;
}
