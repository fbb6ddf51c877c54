import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";

import { assert as assertProperty, property, string } from "fast-check";

import { AlcoveError } from "../errors.ts";
import { addressOf, type AddressRequest } from "./addresses.ts";
import { bridgePlan, bridgePool } from "./bridge-plan.ts";
import { INSIDE, isolatedPool, isolatedRange, linkOf } from "./isolated-plan.ts";
import type { BridgeNetwork, IsolatedNetwork } from "./network.ts";

const BRIDGE: BridgeNetwork = {
  mode: "bridge",
  bridge: undefined,
  tapPrefix: undefined,
  gateway: "10.9.0.1/29",
  addresses: [],
};
const ISOLATED: IsolatedNetwork = { mode: "isolated", range: "10.7.0.0/29", allow: [], drop: [] };

function asked(different: Partial<AddressRequest>): AddressRequest {
  return { network: BRIDGE, group: "sbox", slot: 3, wanted: undefined, ...different };
}

test("addresses: a bridge gives all of its network but the ends and the host's own", () => {
  assert.deepEqual(
    [...bridgePool(BRIDGE)],
    ["10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6"],
  );
  assert.deepEqual(bridgePlan(BRIDGE), { gateway: "10.9.0.1", prefix: 29, network: "10.9.0.0/29" });
});

test("addresses: a bridge without a gateway has Slicer's", () => {
  const network = { ...BRIDGE, gateway: undefined };
  assert.equal(bridgePlan(network).network, "192.168.137.0/24");
  assert.equal(addressOf(asked({ network }), new Set()), "192.168.137.2");
});

test("addresses: a list is given out in its order, and no other", () => {
  const network = { ...BRIDGE, addresses: ["10.9.0.5", "10.9.0.3"] };
  assert.equal(addressOf(asked({ network }), new Set()), "10.9.0.5");
  assert.equal(addressOf(asked({ network }), new Set(["10.9.0.5"])), "10.9.0.3");
  assert.throws(
    () => addressOf(asked({ network }), new Set(["10.9.0.5", "10.9.0.3"])),
    (error) => AlcoveError.is(error, "no_capacity") && error.message.includes("10.9.0.0/29"),
  );
});

test("addresses: an isolated VM gets the upper end of the first free link", () => {
  const network = ISOLATED;
  assert.deepEqual([...isolatedPool(network, "sbox")], ["10.7.0.2", "10.7.0.6"]);
  assert.equal(addressOf(asked({ network }), new Set(["10.7.0.2"])), "10.7.0.6");
  assert.deepEqual(linkOf("10.7.0.6"), { host: "10.7.0.5", vm: "10.7.0.6", prefix: 30 });
});

test("addresses: a link that looks like the inside of a namespace is left out", () => {
  const network = { ...ISOLATED, range: "10.232.0.0/29" };
  assert.ok(![...isolatedPool(network, "sbox")].includes(INSIDE.guest));
});

test("addresses: an isolated group's range follows from its name, within link-local and off its reserved parts", () => {
  const linkLocal = new BlockList();
  linkLocal.addSubnet("169.254.0.0", 16);
  const reserved = ["169.254.0.1", "169.254.255.1", "169.254.169.254"];
  assertProperty(
    property(string(), (name) => {
      const range = isolatedRange({ ...ISOLATED, range: undefined }, name);
      const [network = "", prefix = ""] = range.split("/");
      assert.equal(prefix, "22");
      assert.ok(linkLocal.check(network));
      const own = new BlockList();
      own.addSubnet(network, 22);
      for (const address of reserved) assert.ok(!own.check(address), `${range} holds ${address}`);
      assert.equal(range, isolatedRange({ ...ISOLATED, range: undefined }, name));
    }),
  );
  assert.equal([...isolatedPool({ ...ISOLATED, range: undefined }, "sbox")].length, 256);
});

test("addresses: the one asked for is given when it is free and for guests", () => {
  assert.equal(addressOf(asked({ wanted: "10.9.0.4" }), new Set(["10.9.0.2"])), "10.9.0.4");
});

for (const [what, request, problem] of [
  ["another VM's", asked({ wanted: "10.9.0.2" }), /another VM's/],
  [
    "the host's own",
    asked({ wanted: "10.9.0.1" }),
    /none of the addresses for guests in 10\.9\.0\.0\/29/,
  ],
  ["outside the network", asked({ wanted: "10.8.0.4" }), /none of the addresses/],
  [
    "in a user network",
    asked({ network: { mode: "user" }, wanted: "10.9.0.4" }),
    /user network has no address/,
  ],
  [
    "without a network",
    asked({ network: { mode: "none" }, wanted: "10.9.0.4" }),
    /none network has no address/,
  ],
] as const) {
  test(`addresses: one that is ${what} is refused`, () => {
    assert.throws(
      () => addressOf(request, new Set(["10.9.0.2"])),
      (error) => AlcoveError.is(error, "invalid_request") && problem.test(error.message),
    );
  });
}
