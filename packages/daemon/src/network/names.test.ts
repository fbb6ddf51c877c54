import assert from "node:assert/strict";
import { test } from "node:test";

import { Names } from "./names.ts";

const NAMES = new Names("/run/alcove");
const OTHERS = new Names("/run/other");

test("names: devices carry the daemon's tag and fit what Linux allows", () => {
  const devices = [NAMES.link(4095), NAMES.tap(undefined, 4095), NAMES.bridge(undefined, "sbox")];
  for (const device of devices) {
    assert.match(device, /^alc[0-9a-f]{6}[vtb]/);
    assert.ok(device.length <= 15, device);
  }
  assert.equal(new Set([...devices, OTHERS.link(4095)]).size, 4);
});

test("names: what another daemon made is not ours", () => {
  assert.equal(NAMES.ownerOf(NAMES.mark("vm1")), "vm1");
  assert.equal(OTHERS.ownerOf(NAMES.mark("vm1")), undefined);
  assert.equal(NAMES.vmOfNamespace(NAMES.namespace("vm1")), "vm1");
  assert.equal(OTHERS.vmOfNamespace(NAMES.namespace("vm1")), undefined);
  assert.ok(NAMES.isLink(NAMES.link(3)) && !OTHERS.isLink(NAMES.link(3)));
});

test("names: configured ones are taken as they are", () => {
  assert.equal(NAMES.bridge("brvm0", "sbox"), "brvm0");
  assert.equal(NAMES.tap("vmtap", 12), "vmtap12");
});
