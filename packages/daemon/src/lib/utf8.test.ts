import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as assertProperty, nat, property, string } from "fast-check";

import { incompleteTail } from "./utf8.ts";

test("utf-8: text cut anywhere decodes to itself when incomplete tails are held back", () => {
  assertProperty(
    property(string({ unit: "binary" }), nat(), (text, cut) => {
      const whole = Buffer.from(text);
      const at = whole.length === 0 ? 0 : cut % (whole.length + 1);
      const head = whole.subarray(0, at);
      const keep = at - incompleteTail(head);
      const parts = whole.subarray(0, keep).toString() + whole.subarray(keep).toString();
      assert.equal(parts, whole.toString());
    }),
  );
});

test("utf-8: bytes that are no text are not held back for ever", () => {
  assert.equal(incompleteTail(Buffer.from([0xff, 0xfe])), 0);
  assert.equal(incompleteTail(Buffer.from([0x80, 0x80, 0x80, 0x80])), 0);
});
