import assert from "node:assert/strict";
import { test } from "node:test";

import { titleOf } from "./title.ts";

test("title: a line of text stays; controls and marks of direction go; it is cut", () => {
  assert.equal(titleOf("alcove@sbox-1: ~"), "alcove@sbox-1: ~");
  assert.equal(titleOf("a\u202eb\u0000c\n  d\u200b"), "abc d");
  assert.equal(titleOf("\u0007\u2066"), undefined);
  assert.equal(titleOf("x".repeat(100)), `${"x".repeat(31)}…`);
});
