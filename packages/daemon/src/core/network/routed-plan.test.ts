/** Addresses that a routed VM brings, and what its guest is told. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { RoutedNetwork } from "./network.ts";
import { isLocalIpv6, routedAddress, routedGuestIpv6, routedGuestNetwork } from "./routed-plan.ts";

const NETWORK: RoutedNetwork = {
  mode: "routed",
  tap: "vmtap4",
  ipv4: { network: "172.16.4.0/24", host: "172.16.4.1", guest: "172.16.4.2" },
  ipv6: {
    network: "fc00:1:2:3:3:deca:deca:dec0/124",
    host: "fc00:1:2:3:3:deca:deca:dec0",
    guest: "fc00:1:2:3:3:deca:deca:dec1",
  },
  internet: true,
};

test("routed: the VM has the address of its network, unless another has it", () => {
  assert.equal(routedAddress(NETWORK, undefined, new Set()), "172.16.4.2");
  assert.equal(routedAddress(NETWORK, "172.16.4.2", new Set()), "172.16.4.2");
  const taken = new Set(["172.16.4.2"]);
  assert.throws(() => routedAddress(NETWORK, undefined, taken), { code: "invalid_request" });
  assert.throws(() => routedAddress(NETWORK, "172.16.4.3", new Set()), { code: "invalid_request" });
});

test("routed: the guest is told both of its networks, with the host as gateway", () => {
  assert.deepEqual(routedGuestNetwork(NETWORK, "02:00:00:00:00:04", ["1.1.1.1"]), {
    interface: "eth0",
    mac: "02:00:00:00:00:04",
    address: "172.16.4.2",
    prefix: 24,
    gateway: "172.16.4.1",
    dns: ["1.1.1.1"],
  });
  assert.deepEqual(routedGuestIpv6(NETWORK), {
    address: "fc00:1:2:3:3:deca:deca:dec1",
    prefix: 124,
    gateway: "fc00:1:2:3:3:deca:deca:dec0",
  });
});

test("routed: addresses that the world has no way back to are told from others", () => {
  for (const it of ["fc00::1", "fd12:3456::1", "fdff:ffff::"]) assert.ok(isLocalIpv6(it), it);
  for (const it of ["2001:db8::1", "fe80::1", "fb00::1"]) assert.ok(!isLocalIpv6(it), it);
});
