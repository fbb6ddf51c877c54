import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as assertProperty, property, uint8Array } from "fast-check";

import { ethereumWallet, personalSign, solanaWallet } from "#testing/aleph-signers.ts";

import { walletSignatures } from "./signatures.ts";

const SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const SOLANA = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z";
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const MESSAGE = Buffer.from(
  "ETH\n0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\nINSTANCE\n6899233960e150e08e89e9f813000c4fddde1f53e725c6d0716917a5c7526d7b",
);
/** made by the network's own client */
const SIGNATURE = Buffer.from(
  "5360e55846e2f3fef3968b7c0a40b8a853eb24df9f256a83b3fcd81cb47fc87559996007ccb0a546b90ea7e411ad3b8e223848aef2c622f37d4a30b3eaea4de01b",
  "hex",
);

const wallets = walletSignatures;

const withV = (v: number) => Buffer.concat([SIGNATURE.subarray(0, 64), Buffer.of(v)]);

test("wallets: the signer of a published message is found", () => {
  assert.equal(wallets.ethereumSigner(MESSAGE, SIGNATURE), ADDRESS.toLowerCase());
});

test("wallets: the signer of any message is found, and no other for another message", () => {
  assertProperty(
    property(uint8Array({ maxLength: 300 }), (message) => {
      const signature = personalSign(message, SECRET);
      assert.equal(wallets.ethereumSigner(message, signature), ADDRESS.toLowerCase());
      assert.notEqual(
        wallets.ethereumSigner(Buffer.concat([message, Buffer.of(0)]), signature),
        ADDRESS.toLowerCase(),
      );
    }),
    { numRuns: 50 },
  );
});

test("wallets: v says which of two signers, in five ways", () => {
  for (const v of [0, 27, 35, 37, 255])
    assert.equal(wallets.ethereumSigner(MESSAGE, withV(v)), ADDRESS.toLowerCase(), `v ${v}`);
  for (const v of [1, 28, 36, 38, 254])
    assert.notEqual(wallets.ethereumSigner(MESSAGE, withV(v)), ADDRESS.toLowerCase(), `v ${v}`);
  for (const v of [2, 3, 26, 29, 34])
    assert.equal(wallets.ethereumSigner(MESSAGE, withV(v)), undefined, `v ${v}`);
});

test("wallets: the twin of a signature is of the same signer", () => {
  const s = ORDER - BigInt(`0x${SIGNATURE.subarray(32, 64).toString("hex")}`);
  const high = Buffer.from(s.toString(16).padStart(64, "0"), "hex");
  const twin = Buffer.concat([SIGNATURE.subarray(0, 32), high, Buffer.of(28)]);
  assert.equal(wallets.ethereumSigner(MESSAGE, twin), ADDRESS.toLowerCase());
});

test("wallets: what is no signature has no signer", () => {
  const order = Buffer.from(ORDER.toString(16), "hex");
  const zero = Buffer.alloc(32);
  const one = SIGNATURE.subarray(0, 32);
  const v = Buffer.of(27);
  for (const bytes of [
    Buffer.alloc(0),
    SIGNATURE.subarray(0, 64),
    Buffer.concat([SIGNATURE, v]),
    Buffer.concat([zero, one, v]),
    Buffer.concat([one, zero, v]),
    Buffer.concat([order, one, v]),
    Buffer.concat([one, order, v]),
    Buffer.alloc(65, 0xff),
  ])
    assert.equal(wallets.ethereumSigner(MESSAGE, bytes), undefined);
});

test("wallets: whatever bytes come, nothing is thrown", () => {
  assertProperty(
    property(uint8Array({ minLength: 60, maxLength: 70 }), uint8Array(), (signature, message) => {
      const signer = wallets.ethereumSigner(message, signature);
      assert.ok(signer === undefined || /^0x[0-9a-f]{40}$/.test(signer));
      assert.notEqual(wallets.solanaVerifies(message, signature, SOLANA), "yes");
    }),
    { numRuns: 200 },
  );
});

test("wallets: Solana's signatures are of the address's key, over the digits of the payload", () => {
  const wallet = solanaWallet(SEED);
  assert.equal(wallet.address, SOLANA);
  const signature = wallet.signPayload(MESSAGE);
  const digits = Buffer.from(MESSAGE.toString("hex"));
  assert.equal(wallets.solanaVerifies(digits, signature, SOLANA), "yes");
  assert.equal(wallets.solanaVerifies(MESSAGE, signature, SOLANA), "no");
});

test("wallets: what is no signature, or no address, of Solana is told from a wrong one", () => {
  const signature = solanaWallet(SEED).signPayload(MESSAGE);
  for (const address of ["", "0OIl", SOLANA.slice(2), `${SOLANA}x`, "1".repeat(5000), ADDRESS])
    assert.equal(wallets.solanaVerifies(MESSAGE, signature, address), "malformed");
  for (const length of [0, 63])
    assert.equal(
      wallets.solanaVerifies(MESSAGE, signature.subarray(0, length), SOLANA),
      "malformed",
    );
  assert.equal(wallets.solanaVerifies(MESSAGE, Buffer.alloc(64), SOLANA), "no");
  assert.equal(wallets.solanaVerifies(MESSAGE, signature, "1".repeat(32)), "no");
});

test("wallets: checksums of addresses are those of EIP-55", () => {
  for (const address of [
    ADDRESS,
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
  ])
    assert.equal(wallets.isChecksummed(address), true, address);
  for (const address of [
    ADDRESS.toLowerCase(),
    ADDRESS.replace("F6", "f6"),
    ADDRESS.slice(2),
    `${ADDRESS}0`,
    "",
  ])
    assert.equal(wallets.isChecksummed(address), false, address);
});

test("wallets: the signers of tests are who they say", () => {
  assert.equal(ethereumWallet(SECRET).address, ADDRESS.toLowerCase());
});
