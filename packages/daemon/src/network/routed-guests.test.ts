/** Who is routed to and which ports lead there, with every change taken back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { redirectsTo } from "./nft-listing.ts";
import { type RoutedGuest, RoutedGuests } from "./routed-guests.ts";

function guest(id: string, address: string): RoutedGuest {
  const mac = "02:00:00:00:00:01";
  return { id, tap: `tap-${id}`, mac, address, ipv6: undefined, internet: true };
}

const ONE = guest("one", "172.16.4.2");
const OTHER = guest("other", "172.16.5.2");
const SSH = { hostPort: 24_000, vmPort: 22, tcp: true, udp: false };

test("ports lead to a VM while it is here, whenever they were asked for", () => {
  const guests = new RoutedGuests();
  guests.want("tap-one", [SSH]);
  assert.deepEqual(guests.targets(), []);
  guests.admit(ONE);
  assert.deepEqual(guests.targets(), [{ ...SSH, address: "172.16.4.2" }]);
  guests.forget("one");
  assert.deepEqual(guests.targets(), []);
  guests.admit(ONE);
  guests.want("tap-one", []);
  assert.deepEqual(guests.targets(), []);
});

test("who gets the tap of a VM that has gone does not get its ports", () => {
  const guests = new RoutedGuests();
  guests.admit(ONE);
  guests.want("tap-one", [SSH]);
  guests.forget("one");
  const next = { ...ONE, id: "next" };
  guests.admit(next)();
  guests.admit(ONE);
  assert.equal(guests.targets().length, 1);
  guests.forget("one");
  guests.admit(next);
  assert.deepEqual(guests.targets(), []);
  guests.want("tap-one", [SSH]);
  assert.equal(guests.targets().length, 1);
});

test("a change that is taken back leaves what there was", () => {
  const guests = new RoutedGuests();
  guests.admit(ONE)();
  assert.deepEqual(guests.all(), []);
  guests.admit(ONE);
  guests.want("tap-one", [SSH]);
  guests.want("tap-one", [])?.();
  guests.forget("one")?.();
  assert.deepEqual(guests.targets(), [{ ...SSH, address: "172.16.4.2" }]);
});

test("a port leads to one VM: another is refused it, and gets it when the first has gone", () => {
  const guests = new RoutedGuests();
  guests.admit(ONE);
  guests.admit(OTHER);
  guests.want("tap-one", [SSH]);
  assert.throws(
    () => guests.want("tap-other", [SSH]),
    /tcp\/24000 of this host leads somewhere else/,
  );
  guests.want("tap-other", [{ ...SSH, tcp: false, udp: true }]);
  guests.forget("one");
  guests.want("tap-other", [SSH]);
  assert.throws(() => guests.admit(ONE), /tcp\/24000/);
  assert.throws(() => guests.want("tap-other", [SSH, SSH]), /tcp\/24000/);
});

test("what nothing changes by is not loaded", () => {
  const guests = new RoutedGuests();
  assert.equal(guests.forget("one"), undefined);
  assert.equal(guests.want("tap-one", [SSH]), undefined);
});

test("both protocols of a port are one redirect", () => {
  const there = { address: "172.16.4.2", hostPort: 24_000, vmPort: 53 };
  const targets = [
    { ...there, tcp: true, udp: false },
    { ...there, tcp: false, udp: true },
    { ...there, address: "172.16.5.2", hostPort: 24_001, tcp: true, udp: false },
  ];
  assert.deepEqual(redirectsTo("172.16.4.2", targets), [
    { hostPort: 24_000, vmPort: 53, tcp: true, udp: true },
  ]);
});
