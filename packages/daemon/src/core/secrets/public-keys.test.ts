import assert from "node:assert/strict";
import { test } from "node:test";

import { isPublicKey, publicKeysIn } from "./public-keys.ts";

const ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhc2U2NGVuY29kZWRwdWJsaWNrZXkwMDAwMDAwMDAw";

test("public keys: a key is its type, a blob of that type, and maybe a comment", () => {
  for (const line of [ED25519, `${ED25519} ada@example.org`, `${ED25519} two words`]) {
    assert.ok(isPublicKey(line), line);
  }
  for (const line of [
    "",
    "# a comment",
    "Not Found",
    "ssh-ed25519",
    "ssh-ed25519 AAAA",
    "ssh-ed25519 !!!!",
    ED25519.replace("ssh-ed25519", "ssh-rsa"),
    ED25519.replace("ssh-ed25519", "ssh-dss"),
    `command="rm -rf /" ${ED25519}`,
    `${ED25519} a\u001b[2Jb`,
    `${ED25519}\n${ED25519}`,
    "ssh-ed25519 /////w==",
  ]) {
    assert.ok(!isPublicKey(line), line);
  }
});

test("public keys: of a text only its keys are taken, once each", () => {
  const text = `<html>\r\n${ED25519} a\r\n\n  ${ED25519}\n${ED25519}\nssh-rsa oops\n`;
  assert.deepEqual(publicKeysIn(text), [`${ED25519} a`, ED25519]);
});
