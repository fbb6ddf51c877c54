import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as assertProperty, ipV4, property, string } from "fast-check";

import { contains6, parseCidr6 } from "#lib/ipv6.ts";

import { isolatedPool, linkOf } from "./isolated-plan.ts";
import {
  bridgedIpv6,
  INSIDE_SOURCES,
  isLocalToDaemon,
  linkLocal,
  localLink,
  localNetwork,
} from "./local-plan.ts";

const TAG = "12ab3f";
const PLAN = { gateway: "10.9.0.1", prefix: 24, network: "10.9.0.0/24" };

function isInside(address: string, network: string): boolean {
  const [outer, inner] = [parseCidr6(network), parseCidr6(`${address}/128`)];
  assert.ok(outer && inner, `${address} in ${network}`);
  return contains6(outer, inner);
}

test("local plan: a daemon's network is a local one that its tag is in", () => {
  assert.equal(localNetwork(TAG), "fda1:c012:ab3f::/48");
  assert.ok(isInside("fda1:c012:ab3f::", "fc00::/7"));
});

test("local plan: a guest's address ends in its IPv4 address, in its bridge's network", () => {
  const { address, prefix, gateway } = bridgedIpv6({ tag: TAG, bridge: "br1" }, "10.9.0.2", PLAN);
  assert.equal(prefix, 120);
  assert.match(address, /^fda1:c012:ab3f:[0-9a-f]{1,4}::a09:2$/);
  assert.equal(gateway, address.replace(/2$/, "1"));
  assert.notEqual(bridgedIpv6({ tag: TAG, bridge: "br2" }, "10.9.0.2", PLAN).address, address);
});

test("local plan: every address of every bridge is the daemon's, and none is a link's", () => {
  assertProperty(
    property(string(), ipV4(), (bridge, ipv4) => {
      const place = { tag: TAG, bridge };
      const { address } = bridgedIpv6(place, ipv4, PLAN);
      assert.ok(isInside(address, localNetwork(TAG)) && isLocalToDaemon(address));
      assert.ok(!isInside(address, "fda1:c012:ab3f:ffff::/64"));
      assert.equal(bridgedIpv6(place, ipv4, PLAN).address, address);
    }),
  );
});

test("local plan: the two ends of a link are in a network of their own", () => {
  const network = { mode: "isolated", range: "10.7.0.0/28", allow: [], drop: [] } as const;
  const links = [...isolatedPool(network, "sbox")].map((it) => localLink(TAG, linkOf(it)));
  assert.deepEqual(links[0], {
    host: "fda1:c012:ab3f:ffff::a07:1",
    vm: "fda1:c012:ab3f:ffff::a07:2",
    prefix: 126,
  });
  for (const one of links) {
    const insiders = links.filter(({ host, vm }) =>
      [host, vm].some((end) => isInside(end, `${one.vm}/${one.prefix}`)),
    );
    assert.deepEqual(insiders, [one]);
  }
});

test("local plan: a link-local address follows from the MAC address as the kernel has it", () => {
  assert.equal(linkLocal("02:00:00:00:00:01"), "fe80::ff:fe00:1");
  assert.equal(linkLocal("52:54:00:12:34:56"), "fe80::5054:ff:fe12:3456");
  assert.deepEqual(INSIDE_SOURCES, ["fd00:a1c0:7e:ffff::2", "fe80::a1:c0ff:fe7e:2"]);
});
