import assert from "node:assert/strict";
import { test } from "node:test";

import {
  NO_EARLIER_RUN,
  NODE_DOMAIN,
  STOP_PATH,
  SetClock,
  ethereumWallet,
  es256,
  operatorFacts,
  part,
  shortLivedKey,
  signedParts,
  solanaWallet,
  type OperatorOrder,
} from "#testing/aleph-signers.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import { Refusal } from "../refusal.ts";
import vectors from "./fixtures/vectors.json" with { type: "json" };
import { Operators, type OperatorsDeps } from "./operators.ts";
import type { RequestFacts } from "./request-facts.ts";

const clock = new SetClock(vectors.clock);
const key = shortLivedKey();
const wallet = ethereumWallet(vectors.keys.WA);
const ME = { kind: "wallet", address: wallet.address };
const BAD_KEY = "bad request: Invalid X-SignedPubKey data";
const BAD_OPERATION = "bad request: Invalid X-SignedOperation fields";

function operators(changes: Partial<OperatorsDeps> = {}): Operators {
  const wallets = walletSignatures;
  const usual = { operationsOnce: false, earlier: NO_EARLIER_RUN, wallets, clock };
  return new Operators({ ...usual, domains: [NODE_DOMAIN, "localhost"], ...changes });
}

const parts = (order: Partial<OperatorOrder> = {}) => signedParts({ wallet, key, clock, ...order });
const facts = (order: Partial<OperatorOrder> = {}) => operatorFacts(parts(order));

function words(request: RequestFacts, by = operators()): string {
  try {
    return `in: ${JSON.stringify(by.caller(request))}`;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return `${error.kind}: ${error.message}`;
  }
}

test("operators: wallets of both chains get in, by the address that they write", () => {
  assert.deepEqual(operators().caller(facts()), ME);
  const solana = solanaWallet(vectors.keys.SOLSEED);
  assert.equal(solana.address, vectors.keys.solAddr);
  const caller = operators().caller(facts({ wallet: solana }));
  assert.deepEqual(caller, { kind: "wallet", address: solana.address });
});

test("operators: each of the node's names may be signed for, and no other", () => {
  assert.deepEqual(operators().caller(facts({ operation: { domain: "localhost" } })), ME);
  for (const domain of ["LOCALHOST", "localhost:4020", ""]) {
    assert.equal(
      words(facts({ operation: { domain } })),
      `unauthorized: Invalid domain: Signed: '${domain}' != Request: '${NODE_DOMAIN}'`,
    );
  }
});

const HEADERS: readonly (readonly [Partial<RequestFacts>, string])[] = [
  [{ signedPubKey: undefined }, "bad request: Missing X-SignedPubKey header"],
  [{ signedPubKey: "" }, "bad request: Missing X-SignedPubKey header"],
  [{ signedPubKey: "{" }, "bad request: Invalid X-SignedPubKey format"],
  [{ signedPubKey: `{}${" ".repeat(40_000)}` }, "bad request: Invalid X-SignedPubKey format"],
  ...["1", "null", "[]", '"x"', "{}", '{"payload":1,"signature":"00"}'].map(
    (signedPubKey) => [{ signedPubKey }, BAD_KEY] as const,
  ),
  [{ signedOperation: undefined }, "bad request: Missing X-SignedOperation header"],
  [{ signedOperation: "" }, "bad request: Missing X-SignedOperation header"],
  ...[
    "{",
    "1",
    "null",
    "[]",
    "{}",
    `${JSON.stringify(parts().operation)}${" ".repeat(40_000)}`,
  ].map((signedOperation) => [{ signedOperation }, BAD_OPERATION] as const),
];

for (const [index, [changes, expected]] of HEADERS.entries()) {
  test(`operators: header ${index} is answered with "${expected}"`, () => {
    assert.equal(words(operatorFacts(parts(), changes)), expected);
  });
}

const JWKS: Readonly<Record<string, unknown>> = {
  "another curve": { ...key.jwk, crv: "P-384" },
  "another type": { ...key.jwk, kty: "OKP" },
  "no x": { ...key.jwk, x: undefined },
  "a short x": { ...key.jwk, x: "AQ" },
  "a number for y": { ...key.jwk, y: 7 },
  "a point off the curve": { ...key.jwk, y: key.jwk["x"] },
  "the point at infinity": { ...key.jwk, x: "A".repeat(43), y: "A".repeat(43) },
  "a key for encryption": { ...key.jwk, use: "enc" },
  "a key that signs only": { ...key.jwk, key_ops: ["sign"] },
  "operations that are no list": { ...key.jwk, key_ops: "verify" },
  "a list": [key.jwk],
  null: null,
};

for (const [what, pubkey] of Object.entries(JWKS)) {
  test(`operators: ${what} is no key`, () => {
    assert.equal(words(facts({ claim: { pubkey } })), BAD_KEY);
  });
}

const CLAIMS: readonly Readonly<Record<string, unknown>>[] = [
  { expires: "2025-06-02" },
  { expires: "2025-06-02T12:00:00" },
  { expires: 1_748_865_600 },
  { expires: null },
  { address: 7 },
  { chain: "AVAX" },
  { chain: null },
];

for (const claim of CLAIMS) {
  test(`operators: a key with ${JSON.stringify(claim)} is refused`, () => {
    assert.equal(words(facts({ claim })), BAD_KEY);
  });
}

const OPERATIONS: readonly Readonly<Record<string, unknown>>[] = [
  { time: "2025-06-01T12:00:00" },
  { time: "2025-06-01" },
  { time: "now" },
  { time: null },
  { time: clock.ms },
  { time: clock.ms / 1000 - 121 },
  { time: "2025-06-01T12:02:00.001Z" },
  { method: "PATCH" },
  { method: "HEAD" },
  { path: 1 },
  { domain: null },
];

for (const operation of OPERATIONS) {
  test(`operators: an operation with ${JSON.stringify(operation)} is refused`, () => {
    assert.equal(words(facts({ operation })), BAD_OPERATION);
  });
}

test("operators: an operation without a signature is none", () => {
  const { pubKey, operation } = parts();
  for (const signature of ["", "0x", "0", "zz"]) {
    const request = operatorFacts({ pubKey, operation: { ...operation, signature } });
    assert.equal(words(request), BAD_OPERATION);
  }
});

test("operators: a wallet's v may be written in every way that means the same", () => {
  const { pubKey, operation } = parts();
  const head = pubKey.signature.slice(0, -2);
  const parity = Number.parseInt(pubKey.signature.slice(-2), 16) - 27;
  for (let v = 0; v < 256; v += 1) {
    const signature = `${head}${v.toString(16).padStart(2, "0")}`;
    const answer = words(operatorFacts({ pubKey: { ...pubKey, signature }, operation }));
    if (v > 1 && v !== 27 && v !== 28 && v < 35) assert.equal(answer, BAD_KEY);
    else if ((v < 27 ? v : (v + 1) % 2) === parity)
      assert.equal(answer, `in: ${JSON.stringify(ME)}`);
    else assert.ok(/unauthorized: Invalid signature|bad request/.test(answer), `v ${v}: ${answer}`);
  }
});

test("operators: what a short-lived key has signed may have its s on either half", () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const { pubKey, operation } = parts();
  const s = BigInt(`0x${operation.signature.slice(64)}`);
  const signature = operation.signature.slice(0, 64) + (order - s).toString(16).padStart(64, "0");
  const request = operatorFacts({ pubKey, operation: { ...operation, signature } });
  assert.deepEqual(operators().caller(request), ME);
});

test("operators: payloads are verified as they came, whatever they look like", () => {
  const claim = Buffer.from(
    ` {"expires" : "2025-06-02T12:00:00Z","address":"${wallet.address}",\n"x":"é","pubkey":${JSON.stringify(key.jwk)}}`,
  );
  const pubKey = part(claim, wallet.signPayload(claim));
  assert.deepEqual(operators().caller(operatorFacts({ ...parts(), pubKey })), ME);
  const noUtf8 = Buffer.from(claim.map((byte) => (byte === 0xc3 ? 0xff : byte)));
  for (const bytes of [noUtf8, Buffer.from(`\uFEFF${String(claim)}`)]) {
    const broken = part(bytes, wallet.signPayload(bytes));
    assert.equal(words(operatorFacts({ ...parts(), pubKey: broken })), BAD_KEY);
  }
});

test("operators: cheap checks come before the wallet's mathematics", () => {
  let asked = 0;
  const by = operators({ wallets: counting(() => (asked += 1)) });
  words(facts({ claim: { expires: "2025-06-01T12:00:00Z" } }), by);
  words(facts({ claim: { chain: "DOT" } }), by);
  words(facts({ claim: { pubkey: JWKS["a point off the curve"] } }), by);
  words(operatorFacts(parts(), { signedPubKey: "{}" }), by);
  assert.equal(asked, 0);
});

test("operators: the same signed key costs its mathematics once, be it good or bad", () => {
  let asked = 0;
  const by = operators({ wallets: counting(() => (asked += 1)) });
  const good = operatorFacts(parts());
  const bad = facts({ claim: { address: vectors.keys.B } });
  for (let turn = 0; turn < 100; turn += 1) {
    assert.deepEqual(by.caller(good), ME);
    assert.equal(words(bad, by), "unauthorized: Invalid signature");
  }
  assert.equal(asked, 2);
});

test("operators: a flood of bad keys does not push out a good one", () => {
  let asked = 0;
  const ethereumSigner = () => {
    asked += 1;
    return asked === 1 ? wallet.address : "0x00";
  };
  const by = operators({ wallets: { ...walletSignatures, ethereumSigner } });
  const { pubKey, operation } = parts();
  const good = operatorFacts({ pubKey, operation });
  assert.deepEqual(by.caller(good), ME);
  for (let turn = 0; turn < 3000; turn += 1) {
    const signature = turn.toString(16).padStart(130, "0");
    const bad = operatorFacts({ pubKey: { ...pubKey, signature }, operation });
    assert.equal(words(bad, by), "unauthorized: Invalid signature");
  }
  assert.deepEqual(by.caller(good), ME);
  assert.equal(asked, 3001);
});

test("operators: of many good keys those used lately stay known", () => {
  let asked = 0;
  const ethereumSigner = () => {
    asked += 1;
    return wallet.address;
  };
  const by = operators({ wallets: { ...walletSignatures, ethereumSigner } });
  const signature = wallet.signPayload(Buffer.from("any")); // the mathematics are not what this is about
  const quick = { ...wallet, signPayload: () => signature };
  const mine = facts({ wallet: quick });
  const first = facts({ wallet: quick, claim: { other: 0 } });
  by.caller(mine);
  by.caller(first);
  for (let other = 1; other <= 1023; other += 1) {
    by.caller(facts({ wallet: quick, claim: { other } }));
    if (other % 64 === 0) by.caller(mine);
  }
  assert.equal(asked, 1025);
  by.caller(mine);
  assert.equal(asked, 1025);
  by.caller(first);
  assert.equal(asked, 1026);
});

test("operators: a key that was good is refused when it has expired", () => {
  const moved = new SetClock(vectors.clock);
  const by = operators({ clock: moved });
  const claim = { expires: "2025-06-01T12:00:01Z" };
  assert.deepEqual(by.caller(facts({ claim })), ME);
  moved.ms += 1000;
  assert.equal(words(facts({ claim }), by), "unauthorized: Token expired");
});

test("operators: where operations count once, those that change something do", () => {
  const by = operators({ operationsOnce: true });
  const { pubKey, operation } = parts();
  const again = "unauthorized: This signed operation has been used before";
  assert.deepEqual(by.caller(operatorFacts({ pubKey, operation })), ME);
  assert.equal(words(operatorFacts({ pubKey, operation }), by), again);
  const payload = Buffer.from(operation.payload, "hex");
  const anew = part(payload, es256(payload, key.privateKey));
  assert.equal(words(operatorFacts({ pubKey, operation: anew }), by), again);
  const get = operatorFacts(parts({ operation: { method: "GET" } }), { method: "GET" });
  assert.deepEqual(by.caller(get), ME);
  assert.deepEqual(by.caller(get), ME);
  const earlier = { notBefore: clock.ms / 1000 + 1 };
  assert.equal(words(facts(), operators({ operationsOnce: true, earlier })), again);
  assert.deepEqual(operators({ earlier }).caller(facts()), ME);
});

test("operators: the query is not part of what is signed", () => {
  assert.deepEqual(operators().caller(operatorFacts(parts(), { hasQuery: true })), ME);
  assert.equal(
    words(facts({ operation: { path: `${STOP_PATH}?x=1` } })),
    `unauthorized: Invalid path. Signed: '${STOP_PATH}?x=1' !=  requested path: '${STOP_PATH}'`,
  );
});

function counting(asked: () => void): WalletSignatures {
  const ethereumSigner: WalletSignatures["ethereumSigner"] = (message, signature) => {
    asked();
    return walletSignatures.ethereumSigner(message, signature);
  };
  return { ...walletSignatures, ethereumSigner };
}
