import assert from "node:assert/strict";
import { test } from "node:test";

import { Names } from "./names.ts";
import {
  deviceExists,
  hostNetworks,
  overlap,
  ownDevices,
  ownerOf,
  ownNamespaces,
} from "./presence.ts";

for (const [one, other, expected] of [
  ["10.9.0.0/24", "10.9.0.77/28", true],
  ["10.9.0.77/28", "10.9.0.0/24", true],
  ["10.9.0.0/24", "10.9.1.0/24", false],
  ["10.9.0.0/25", "10.9.0.128/25", false],
  ["0.0.0.0/0", "192.168.137.0/24", true],
  ["fd00::/48", "fd00:0:0:7::1/64", true],
  ["fd00:0:0:7::1/64", "fd00::/48", true],
  ["fd00:0:0:7::/64", "fd00:0:0:8::/64", false],
  ["0.0.0.0/0", "fd00::/48", false],
] as const) {
  test(`presence: ${one} and ${other} ${expected ? "overlap" : "do not overlap"}`, () => {
    assert.equal(overlap(one, other), expected);
  });
}

test("presence: the loopback is there, is nobody's, and is no network of the host's", async () => {
  const names = new Names("/nonexistent");
  assert.ok(deviceExists("lo"));
  assert.equal(await ownerOf("lo", names), undefined);
  assert.ok(!hostNetworks().some(({ cidr }) => overlap(cidr, "127.0.0.0/8")));
});

test("presence: a daemon that has made nothing owns nothing, whatever others have made", async () => {
  const names = new Names(`/nonexistent/${process.pid}`);
  assert.deepEqual(await ownDevices(names), []);
  assert.deepEqual(await ownNamespaces(names), []);
  assert.equal(await ownerOf("no-such-device", names), undefined);
});
