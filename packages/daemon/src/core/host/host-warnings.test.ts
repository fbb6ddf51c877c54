import assert from "node:assert/strict";
import { test } from "node:test";

import { GIB } from "#lib/bytes.ts";

import { hostWarnings, type WarningFacts } from "./host-warnings.ts";

const FINE: WarningFacts = {
  isolation: "hardware",
  acceleration: { accelerator: "kvm", reason: "It works.", hypervisorVersion: undefined },
  tcpAuth: "on",
  disk: { total: 100 * GIB, free: 50 * GIB },
  diskReserveBytes: 2 * GIB,
  config: [],
};

function codes(different: Partial<WarningFacts>): readonly string[] {
  return hostWarnings({ ...FINE, ...different }).map(({ code }) => code);
}

test("host warnings: a host that is as it should be has none", () => {
  assert.deepEqual([codes({}), codes({ tcpAuth: undefined })], [[], []]);
});

test("host warnings: emulation says what it means, why it is, and what to do", () => {
  const reason = "KVM is not used: /dev/kvm does not exist.";
  const acceleration = { accelerator: "tcg", reason, hypervisorVersion: undefined } as const;
  const [warning] = hostWarnings({ ...FINE, isolation: "emulated", acceleration });
  assert.equal(warning?.code, "emulated");
  assert.match(warning.message, /several times slower.*\/dev\/kvm does not exist.*give the daemon/);
});

test("host warnings: the most serious comes first", () => {
  const disk = { total: 100 * GIB, free: GIB };
  assert.deepEqual(codes({ tcpAuth: "off", isolation: "none", disk, config: ["a", "b"] }), [
    "no_token",
    "no_isolation",
    "disk_nearly_full",
    "config",
    "config",
  ]);
});

test("host warnings: a disk is nearly full before it is below what must stay free, and says what follows", () => {
  const [near] = hostWarnings({ ...FINE, disk: { total: 100 * GIB, free: 4 * GIB } });
  assert.match(near?.message ?? "", /4 GiB of 100 GiB left: guests that write more/);
  const [below] = hostWarnings({ ...FINE, disk: { total: 100 * GIB, free: GIB } });
  assert.match(below?.message ?? "", /no VM is made.*until 2 GiB are free/);
});
