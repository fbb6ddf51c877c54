import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { test } from "node:test";

import { assert as assertProperty, bigInt, ipV6, property } from "fast-check";

import { contains6, cutCidr6, formatIpv6, hexOfIpv6, parseCidr6, parseIpv6 } from "./ipv6.ts";

test("ipv6: every address is written and read as the same", () => {
  assertProperty(
    property(bigInt({ min: 0n, max: 2n ** 128n - 1n }), (address) => {
      assert.ok(isIPv6(formatIpv6(address)));
      assert.equal(parseIpv6(formatIpv6(address)), address);
      assert.equal(BigInt(`0x${hexOfIpv6(address)}`), address);
    }),
  );
});

test("ipv6: whatever way an address is written, it is read", () => {
  assertProperty(property(ipV6(), (text) => assert.notEqual(parseIpv6(text), undefined)));
  assert.equal(parseIpv6("::ffff:1.2.3.4"), 0xffff01020304n);
  assert.equal(parseIpv6("FD00::1"), 0xfd00n * 2n ** 112n + 1n);
  assert.equal(parseIpv6("::"), 0n);
});

for (const bad of ["", "1.2.3.4", "fe80::1%eth0", "[::1]", "::1::", "::1/64", "::1]/x"]) {
  test(`ipv6: "${bad}" is no address`, () => assert.equal(parseIpv6(bad), undefined));
}

for (const bad of ["::1", "::1/129", "::/", "::/x", "10.0.0.0/8", "fe80::1%eth0/64"]) {
  test(`ipv6: "${bad}" is no network`, () => assert.equal(parseCidr6(bad), undefined));
}

for (const [outer, inner, expected] of [
  ["::/0", "2001:db8::/32", true],
  ["2001:db8::/32", "::/0", false],
  ["fe80::/10", "febf::1/128", true],
  ["fe80::/10", "fec0::1/128", false],
  ["2001:db8::1/32", "2001:db8:ffff::/48", true],
] as const) {
  test(`ipv6: ${inner} is ${expected ? "" : "not "}in ${outer}`, () => {
    const [one, other] = [parseCidr6(outer), parseCidr6(inner)];
    assert.ok(one && other);
    assert.equal(contains6(one, other), expected);
  });
}

test("ipv6: a network is cut to its prefix", () => {
  for (const [written, cut] of [
    ["2001:db8::1/32", "2001:db8::/32"],
    ["fd00::1/128", "fd00::1/128"],
    ["ffff::/0", "::/0"],
  ] as const) {
    const network = parseCidr6(written);
    assert.ok(network);
    assert.equal(cutCidr6(network), cut);
  }
});
