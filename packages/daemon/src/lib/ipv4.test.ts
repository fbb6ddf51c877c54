import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as assertProperty, integer, property } from "fast-check";

import { boundsOf, formatIpv4, parseCidr, parseIpv4 } from "./ipv4.ts";

const address = integer({ min: 0, max: 0xffff_ffff });

test("ipv4: every address is read back from its own text", () => {
  assertProperty(property(address, (it) => assert.equal(parseIpv4(formatIpv4(it)), it)));
});

test("ipv4: an address lies within the bounds of its network, which are its size apart", () => {
  assertProperty(
    property(address, integer({ min: 0, max: 32 }), (it, prefix) => {
      const [first, last] = boundsOf({ address: it, prefix });
      assert.ok(first <= it && it <= last);
      assert.equal(last - first + 1, 2 ** (32 - prefix));
      assert.equal(first % 2 ** (32 - prefix), 0);
    }),
  );
});

for (const text of ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "::1", "1.2.3.4/24"]) {
  test(`ipv4: ${JSON.stringify(text)} is no address`, () => {
    assert.equal(parseIpv4(text), undefined);
  });
}

for (const text of ["1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3/24", "1.2.3.4/2/4"]) {
  test(`ipv4: ${JSON.stringify(text)} is no network`, () => {
    assert.equal(parseCidr(text), undefined);
  });
}

test("ipv4: a network keeps the address it was written with", () => {
  assert.deepEqual(parseCidr("192.168.137.1/24"), { address: 0xc0a88901, prefix: 24 });
});
