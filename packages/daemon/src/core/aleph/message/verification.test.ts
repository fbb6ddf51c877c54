import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";

import { base58 } from "@scure/base";

import { walletSignatures } from "#wallets/signatures.ts";

import { parseItemHash } from "../item-hash.ts";
import { bytesOfBase58 } from "./base58.ts";
import { isDelegate } from "../delegates.ts";
import { readMessage } from "./parse.ts";
import { flawOf } from "./verification.ts";

function claim(signature: Uint8Array, publicKey: string): string {
  return JSON.stringify({ signature: base58.encode(signature), publicKey });
}

test("verification: a Solana account's message, and one with a signature of somebody else", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const sender = base58.encode(key);
  const item_content = JSON.stringify({ address: sender, time: 1, type: "t", content: {} });
  const hash = parseItemHash(createHash("sha256").update(item_content).digest("hex"));
  assert.ok(hash !== undefined);
  const signed = Buffer.from(`SOL\n${sender}\nPOST\n${hash}`);
  const flawWith = (signature: string) => {
    const envelope = { sender, chain: "SOL", type: "POST", time: 1, item_type: "inline" };
    const rest = { item_content, item_hash: hash, signature, content: JSON.parse(item_content) };
    return flawOf(readMessage({ ...envelope, ...rest }, hash), walletSignatures);
  };
  const good = sign(null, signed, privateKey);
  assert.equal(flawWith(claim(good, sender)), undefined);
  const stranger = sign(null, signed, generateKeyPairSync("ed25519").privateKey);
  for (const bad of [claim(stranger, sender), claim(good, "1".repeat(32)), "{}", "not JSON"]) {
    assert.equal(flawWith(bad), "The signature is not one of the message's sender");
  }
});

test("base58: it is what others write, and bounded", () => {
  for (const bytes of [[], [0], [0, 0, 1], [255, 254, 0], Array(64).fill(171)]) {
    const text = base58.encode(Uint8Array.from(bytes));
    assert.deepEqual([...(bytesOfBase58(text) ?? [1, 2])], bytes);
  }
  assert.equal(bytesOfBase58("0OIl"), undefined);
  assert.equal(bytesOfBase58("2".repeat(129)), undefined);
});

const LISTS: readonly (readonly [string, unknown, boolean])[] = [
  ["no types", { address: "0xAB" }, true],
  ["an empty list of types", { address: "0xab", types: [] }, true],
  ["the type", { address: "0xab", types: ["POST", "INSTANCE"] }, true],
  ["another type", { address: "0xab", types: ["POST"] }, false],
  ["another address", { address: "0xac" }, false],
  ["no object", "0xab", false],
];

for (const [what, entry, expected] of LISTS) {
  test(`delegates: an entry with ${what}`, () => {
    const security = { authorizations: [null, entry] };
    assert.equal(isDelegate(security, "0xAb", "INSTANCE"), expected);
  });
}

test("delegates: an aggregate of another shape names nobody", () => {
  for (const security of [undefined, null, [], { authorizations: {} }]) {
    assert.equal(isDelegate(security, "0xab", "INSTANCE"), false);
  }
});
