import assert from "node:assert/strict";
import { BlockList, isIPv4 } from "node:net";
import { test } from "node:test";

import { assert as assertProperty, integer, property, string, uniqueArray } from "fast-check";

import { AlcoveError } from "../errors.ts";
import {
  freeSlot,
  guestAddress,
  macAddress,
  NETWORK_SLOTS,
  userGuestNetwork,
  userNetworkPlan,
} from "./user-network.ts";

const MAC = "02:00:00:00:00:01";

const slot = integer({ min: 0, max: NETWORK_SLOTS - 1 });

test("user network: everything of a slot is inside its own network, and inside 10.233.0.0/16", () => {
  assertProperty(
    property(slot, (it) => {
      const plan = userNetworkPlan(it, MAC);
      assert.ok(plan.mode === "user");
      const [network = "", prefix = ""] = plan.cidr.split("/");
      assert.equal(prefix, "28");
      const inside = new BlockList();
      inside.addSubnet(network, Number(prefix));
      const whole = new BlockList();
      whole.addSubnet("10.233.0.0", 16);
      const addresses = [plan.address, plan.gateway, plan.dns];
      for (const address of addresses) {
        assert.ok(isIPv4(address) && inside.check(address) && whole.check(address), address);
        assert.notEqual(address, network);
      }
      assert.equal(new Set(addresses).size, 3);
    }),
  );
});

test("user network: each slot has a network of its own for IPv6, where the host speaks it", () => {
  assertProperty(
    property(slot, slot, (one, other) => {
      const [first, second] = [one, other].map((it) => userNetworkPlan(it, MAC, "IPv4 and IPv6"));
      assert.ok(first?.mode === "user" && second?.mode === "user");
      const whole = new BlockList();
      whole.addSubnet("fd00:a1c0:7e::", 48, "ipv6");
      assert.ok(whole.check((first.cidr6 ?? "").replace("/64", ""), "ipv6"));
      assert.equal(first.cidr6 === second.cidr6, one === other);
    }),
  );
  const plain = userNetworkPlan(0, MAC);
  assert.ok(plain.mode === "user" && plain.cidr6 === undefined);
});

test("user network: the guest is told what the machine was given", () => {
  assertProperty(
    property(slot, (it) => {
      const plan = userNetworkPlan(it, MAC);
      assert.ok(plan.mode === "user");
      assert.deepEqual(userGuestNetwork(it, MAC), {
        interface: "eth0",
        mac: plan.mac,
        address: plan.address,
        prefix: 28,
        gateway: plan.gateway,
        dns: [plan.dns],
      });
    }),
  );
});

test("user network: no two of the 4096 slots share an address", () => {
  const networks = new Set<string>();
  for (let it = 0; it < NETWORK_SLOTS; it += 1) {
    const [a, b, c, d] = guestAddress(it).split(".").map(Number);
    networks.add(`${a}.${b}.${c}.${(d ?? 0) >> 4}`);
  }
  assert.equal(networks.size, NETWORK_SLOTS);
});

test("user network: the lowest free slot is taken", () => {
  assertProperty(
    property(uniqueArray(integer({ min: 0, max: 40 })), (taken) => {
      const free = freeSlot(new Set(taken));
      assert.ok(!taken.includes(free));
      for (let lower = 0; lower < free; lower += 1) assert.ok(taken.includes(lower));
    }),
  );
});

test("user network: when every slot is taken, that is what is said", () => {
  const all = new Set(Array.from({ length: NETWORK_SLOTS }, (_, index) => index));
  assert.throws(
    () => freeSlot(all),
    (error) =>
      AlcoveError.is(error, "no_capacity") &&
      error.details.resource === "addresses" &&
      error.details.available === 0,
  );
});

test("user network: a MAC address follows from a name, and is a local unicast one", () => {
  assertProperty(
    property(string(), string(), (one, other) => {
      const mac = macAddress(one);
      assert.match(mac, /^02(:[0-9a-f]{2}){5}$/);
      assert.equal(mac, macAddress(one));
      if (one !== other) assert.notEqual(mac, macAddress(other));
    }),
  );
});
