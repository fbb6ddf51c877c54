import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { BrokenStream, encodeFrame } from "./frames.ts";
import { WelcomeSearch } from "./welcome-search.ts";

const nonce = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const welcome = encodeFrame("WELCOME", 0, Buffer.concat([nonce, Buffer.from('{"protocol":1}')]));

test("welcome search: finds the WELCOME after any garbage, however it is cut", () => {
  const cut = fc.integer({ min: 1, max: 64 });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 40 }),
      cut,
      (before, after, size) => {
        const bytes = Buffer.concat([before, welcome, after]);
        const search = new WelcomeSearch(nonce);
        let at = 0;
        let found: Buffer | undefined;
        for (; at < bytes.length && !found; at += size)
          found = search.push(bytes.subarray(at, at + size));
        const rest = Buffer.concat([found ?? Buffer.alloc(0), bytes.subarray(at)]);
        assert.deepEqual(rest, Buffer.concat([welcome, after]));
      },
    ),
  );
});

test("welcome search: the nonce alone, or behind another header, is not a WELCOME", () => {
  const search = new WelcomeSearch(nonce);
  assert.equal(search.push(Buffer.concat([Buffer.alloc(8), nonce])), undefined);
  assert.equal(search.push(encodeFrame("DATA", 0, nonce)), undefined);
  assert.deepEqual(search.push(welcome), welcome);
});

test("welcome search: says when the agent has no session", () => {
  const search = new WelcomeSearch(nonce);
  const awake = encodeFrame("AWAKE", 0);
  search.push(Buffer.concat([Buffer.from("old output"), awake.subarray(0, 3)]));
  assert.equal(search.endsAwake, false);
  search.push(awake.subarray(3));
  assert.equal(search.endsAwake, true);
});

test("welcome search: an endless flood is given up", () => {
  const search = new WelcomeSearch(nonce);
  const flood = Buffer.alloc(1024 * 1024, 5);
  assert.throws(() => {
    for (let turn = 0; turn < 80; turn += 1) search.push(flood);
  }, BrokenStream);
});
