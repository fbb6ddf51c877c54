import assert from "node:assert/strict";
import { test } from "node:test";

import { hashOfHostLabel, hostLabelOf, kindOfHash, notAHash, parseItemHash } from "./item-hash.ts";

const STORAGE = "6899233960e150e08e89e9f813000c4fddde1f53e725c6d0716917a5c7526d7b";
const LABEL = "ncmsgola4fiobduj5h4bgaamj7o54h2t44s4nudrnel2lr2snv5q";

const GOOD: readonly (readonly [string, string])[] = [
  [STORAGE, "storage"],
  ["QmPK1s3pNYLi9ERiq3BDxKa4XosgWwFRQUydHUtz4YgpqB", "ipfs"],
  [`Qm${"a".repeat(42)}`, "ipfs"],
  [`Qm${"a".repeat(44)}`, "ipfs"],
  [`bafy${"a2".repeat(27)}b`, "ipfs"],
];

for (const [text, kind] of GOOD) {
  test(`item hash: ${text.slice(0, 12)}… of ${text.length} characters is one of ${kind}`, () => {
    const hash = parseItemHash(text);
    assert.ok(hash !== undefined);
    assert.equal(kindOfHash(hash), kind);
  });
}

const BAD: readonly string[] = [
  "",
  "not-an-ItemHash",
  STORAGE.toUpperCase(),
  STORAGE.slice(1),
  `${STORAGE}0`,
  `${STORAGE}\n`,
  `../${STORAGE}`,
  `Qm${"a".repeat(41)}`,
  `Qm${"a".repeat(45)}`,
  `Qm${"0".repeat(44)}`,
  `bafy${"a".repeat(54)}`,
  `bafy${"1".repeat(55)}`,
];

for (const text of BAD) {
  test(`item hash: ${JSON.stringify(text)} is none`, () => {
    assert.equal(parseItemHash(text), undefined);
  });
}

test("item hash: what is said of a text that is none quotes it", () => {
  assert.equal(notAHash("x"), "Could not determine hash type: 'x'");
});

test("item hash: the label of a VM is base32 of its hash, and leads back to it", () => {
  for (const text of [STORAGE, "0".repeat(64), "f".repeat(64), "deca".repeat(16)]) {
    const hash = parseItemHash(text);
    assert.ok(hash !== undefined);
    const label = hostLabelOf(hash);
    assert.match(label, /^[a-z2-7]{52}$/);
    assert.equal(hashOfHostLabel(label), hash);
  }
});

test("item hash: a label is the same as other implementations of base32 make it", () => {
  const hash = parseItemHash(STORAGE);
  assert.ok(hash !== undefined);
  assert.equal(hostLabelOf(hash), LABEL);
});

test("item hash: what is no label stands for no hash", () => {
  // Four bits of the last character belong to no byte; a label that uses them is nobody's.
  for (const text of [
    `${"a".repeat(51)}b`,
    "",
    "a",
    "a".repeat(51),
    "A".repeat(52),
    "1".repeat(52),
  ]) {
    assert.equal(hashOfHostLabel(text), undefined);
  }
});
