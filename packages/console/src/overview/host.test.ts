import assert from "node:assert/strict";
import { test } from "node:test";

import { hypervisorOf, poolsOf, templatesOf } from "./host.ts";

test("overview: QEMU's own words are shortened, and other hypervisors named as they are", () => {
  const hypervisorVersion = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)";
  assert.equal(hypervisorOf({ hypervisor: "qemu", hypervisorVersion }), "QEMU 7.2.22");
  assert.equal(hypervisorOf({ hypervisor: "fake" }), "fake");
});

test("overview: templates and pools, where there are any", () => {
  const templates = { enabled: true, ready: 2, underWay: 1 };
  assert.equal(templatesOf({ templates }), "2 ready, 1 being built");
  assert.match(templatesOf({ templates: { ...templates, enabled: false } }), /Off/);
  assert.equal(poolsOf({ pools: { size: 0, waiting: 0, making: 0 } }), undefined);
  assert.equal(poolsOf({ pools: { size: 4, waiting: 3, making: 1 } }), "3 of 4 wait, 1 being made");
});
