/** Addresses that a routed VM brings, and what its guest is told. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { aGroup, aRequest } from "#testing/fake-host.ts";

import { templateNetwork } from "../template/template.ts";
import { newRecord } from "../vm/new-record.ts";
import { checkSpec } from "../vm/spec.ts";
import type { VmRecord } from "../vm/vm.ts";
import { guestNetworkOf } from "./guest-network.ts";
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

/** @param others the VMs that are there */
function recordIn(
  network: RoutedNetwork,
  others: readonly VmRecord[],
  dns: readonly string[] = [],
) {
  const group = aGroup({ name: "aleph", network, dns });
  const vm = {
    group,
    kind: "persistent",
    hostname: "vm",
    spec: checkSpec(aRequest({ kind: "persistent" }), group, []),
    imageId: "image",
    hypervisor: "fake",
    createdAt: new Date(0),
    wantedAddress: undefined,
    layer: undefined,
    origin: { how: "boot", why: undefined },
  } as const;
  return newRecord(vm, others);
}

test("routed: a VM is known by its guest's address, which no other VM gets", () => {
  const record = recordIn(NETWORK, []);
  assert.equal(record.address, "172.16.4.2");
  assert.throws(() => recordIn(NETWORK, [record]), { code: "invalid_request" });
});

test("routed: name servers are the group's, or everybody's", () => {
  assert.deepEqual(guestNetworkOf(recordIn(NETWORK, [], ["9.9.9.9"]))?.dns, ["9.9.9.9"]);
  assert.deepEqual(guestNetworkOf(recordIn(NETWORK, []))?.dns, ["8.8.8.8", "1.1.1.1"]);
});

test("routed: a copy of a template has the card of bridged and isolated ones", () => {
  assert.equal(templateNetwork("routed"), templateNetwork("bridge"));
  assert.equal(templateNetwork("routed"), "tap");
});

test("routed: addresses that the world has no way back to are told from others", () => {
  for (const it of ["fc00::1", "fd12:3456::1", "fdff:ffff::"]) assert.ok(isLocalIpv6(it), it);
  for (const it of ["2001:db8::1", "fe80::1", "fb00::1"]) assert.ok(!isLocalIpv6(it), it);
});
