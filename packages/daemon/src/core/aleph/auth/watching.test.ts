import assert from "node:assert/strict";
import { test } from "node:test";

import { CLOSED_AUTH, NO_EARLIER_RUN, NODE_DOMAIN, SetClock } from "#testing/aleph-signers.ts";
import { ethereumWallet, shortLivedKey, signedParts } from "#testing/aleph-signers.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import { Door } from "./door.ts";
import vectors from "./fixtures/vectors.json" with { type: "json" };

const clock = new SetClock(vectors.clock);
const wallet = ethereumWallet(vectors.keys.WA);
const key = shortLivedKey();
const door = new Door({
  auth: CLOSED_AUTH,
  domains: [NODE_DOMAIN],
  wallets: walletSignatures,
  earlier: NO_EARLIER_RUN,
  clock,
});

function frame(
  operation: Readonly<Record<string, unknown>> = {},
  claim: Readonly<Record<string, unknown>> = {},
): string {
  const parts = signedParts({ wallet, key, clock, claim, operation });
  const auth = { "X-SignedPubKey": parts.pubKey, "X-SignedOperation": parts.operation };
  return JSON.stringify({ auth });
}

test("watching: whatever path and method a watcher has signed, it is the wallet", async () => {
  const caller = { kind: "wallet", address: wallet.address };
  for (const operation of [{}, { path: "/", method: "GET" }, { path: "/x", method: "DELETE" }])
    assert.deepEqual(await door.watcher(frame(operation)), { caller });
});

const text = frame();
const FORMAT = "Invalid format for auth packet, see /doc/operator_auth.md";
const NO_AUTH = "missing 'auth' key in message";
const NO_JSON = "Expecting value: line 1 column 1 (char 0)";
const otherKey = JSON.stringify({
  auth: {
    "X-SignedPubKey": JSON.parse(frame()).auth["X-SignedPubKey"],
    "X-SignedOperation": signedParts({ wallet, key: shortLivedKey(), clock }).operation,
  },
});

const REFUSED: readonly (readonly [string | Uint8Array, string])[] = [
  ["hello", NO_JSON],
  ["", NO_JSON],
  [`${text}${" ".repeat(70_000)}`, NO_JSON],
  [Buffer.from("hi"), "Received message 2:b'hi' is not WSMsgType.TEXT"],
  [
    Buffer.from([0, 39, 92, 255]),
    "Received message 2:b'\\x00\\x27\\x5c\\xff' is not WSMsgType.TEXT",
  ],
  [Buffer.alloc(99, "a"), `Received message 2:b'${"a".repeat(32)}..' is not WSMsgType.TEXT`],
  ...[
    "{}",
    "[]",
    "null",
    "1",
    '"auth"',
    '{"auth":null}',
    '{"auth":{}}',
    '{"auth":[]}',
    '{"auth":0}',
  ].map((message) => [message, NO_AUTH] as const),
  ...['{"auth":"x"}', '{"auth":[1]}', '{"auth":{"X-SignedPubKey":{}}}'].map(
    (message) => [message, FORMAT] as const,
  ),
  [text.replaceAll('{"payload"', '{"x"'), "Invalid X-SignedPubKey data"],
  [frame({ method: "PUT" }), "Invalid X-SignedOperation fields"],
  [frame({ time: "2025-06-01T11:57:59Z" }), "Time is too far in the past"],
  [frame({ time: "2025-06-01T12:02:01Z" }), "Time is too far in the future"],
  [frame({}, { expires: "2025-06-01T12:00:00Z" }), "Token expired"],
  [frame({}, { address: vectors.keys.B }), "Invalid signature"],
  [frame({ domain: "evil.example.org" }), "Invalid domain"],
  [otherKey, "Signature could not verified"],
];

for (const [index, [message, refused]] of REFUSED.entries()) {
  test(`watching: message ${index} is answered with "${refused}"`, async () => {
    assert.deepEqual(await door.watcher(message), { refused });
  });
}
