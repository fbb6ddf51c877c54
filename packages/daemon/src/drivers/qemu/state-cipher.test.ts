import assert from "node:assert/strict";
import { test } from "node:test";

import { SecretBytes } from "#core/secrets/secret-bytes.ts";

import { newSalt, stateCipher } from "./state-cipher.ts";

const KEY = new SecretBytes(Buffer.alloc(32, 7));
const PLAIN = Buffer.from("what the guest had in its memory, more than one block of it");

test("state cipher: what passes is unreadable and as long, and passes back in other pieces", () => {
  const salt = newSalt();
  const closed = stateCipher(KEY, salt).pass(PLAIN);
  assert.equal(closed.length, PLAIN.length);
  assert.ok(!closed.includes("guest"));
  const back = stateCipher(KEY, salt);
  const opened = [closed.subarray(0, 5), closed.subarray(5)].map((piece) => back.pass(piece));
  assert.deepEqual(Buffer.concat(opened), PLAIN);
});

test("state cipher: another salt or key makes another stream, and another mark", () => {
  const one = stateCipher(KEY, newSalt());
  const others = [
    stateCipher(KEY, newSalt()),
    stateCipher(new SecretBytes(Buffer.alloc(32, 8)), newSalt()),
  ];
  const closed = one.pass(PLAIN);
  for (const other of others) {
    assert.notEqual(other.mark, one.mark);
    assert.notDeepEqual(other.pass(PLAIN), closed);
  }
});
