import assert from "node:assert/strict";
import { test } from "node:test";

import { readAleph } from "./aleph-settings.ts";
import { type Environment, SettingsReader } from "./settings-reader.ts";

const HOMES = { stateDir: "/state", runtimeDir: "/run/it" };

function aleph(env: Environment) {
  return readAleph(new SettingsReader(env, new Set()), env, HOMES);
}

test("settings of an Aleph node: without any there is no node", () => {
  assert.equal(aleph({ ALCOVE_STATE_DIR: "/x" }).settings, undefined);
});

test("settings of an Aleph node: it is on when asked for, and asks the network nothing then", () => {
  const { settings, problems, warnings } = aleph({ ALCOVE_ALEPH: "on" });
  assert.deepEqual([problems, warnings], [[], []]);
  assert.deepEqual(settings?.listen, { address: "127.0.0.1", port: 4020 });
  assert.deepEqual([settings?.offline, settings?.payment.mode], [true, "none"]);
  assert.equal(settings?.executionRoot, "/state/aleph");
  assert.equal(settings?.auth.allocationTokenHash, undefined);
});

test("settings of an Aleph node: any of its settings turns it on, in any case, unless it is off", () => {
  const env = { aleph_vm_domain_name: "crn.example.org" };
  assert.equal(aleph(env).settings?.domainName, "crn.example.org");
  assert.equal(aleph({ ...env, ALCOVE_ALEPH: "off" }).settings, undefined);
});

test("settings of an Aleph node: one that has no counterpart, and one that nobody knows, are each named", () => {
  const { settings, warnings } = aleph({
    ALEPH_VM_USE_JAILER: "true",
    ALEPH_VM_DOMAIN_NAM: "x",
    ALEPH_VM_IPV4_ADDRESS_POOL: "10.0.0.0/8",
  });
  assert.ok(settings);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? "", /ALEPH_VM_USE_JAILER does nothing here: every VM's process/);
  assert.match(warnings[1] ?? "", /ALEPH_VM_DOMAIN_NAM is not .* did you mean DOMAIN_NAME\?/);
  assert.equal(settings.network.ipv4Pool, "10.0.0.0/8");
});

test("settings of an Aleph node: everything wrong is told", () => {
  const { problems } = aleph({
    ALEPH_VM_SUPERVISOR_PORT: "70000",
    ALEPH_VM_ALLOCATION_TOKEN_HASH: "test",
    ALEPH_VM_OFFLINE: "perhaps",
    ALEPH_VM_AUTHORIZED_ALLOCATION_SIGNERS: "[1]",
  });
  assert.equal(problems.length, 4);
  for (const problem of problems) assert.match(problem, /^ALEPH_VM_/);
});

test("settings of an Aleph node: with the network its payments count, and lists are JSON", () => {
  const { settings } = aleph({
    ALEPH_VM_OFFLINE: "false",
    ALEPH_VM_NODE_HASH: "ab".repeat(32),
    ALEPH_VM_DNS_NAMESERVERS: '["9.9.9.9", "1.1.1.1"]',
  });
  assert.equal(settings?.payment.mode, "network");
  assert.deepEqual(settings?.network.dns, ["9.9.9.9", "1.1.1.1"]);
});

test("settings of an Aleph node: what is shown has every name, and no secret", () => {
  const { settings } = aleph({
    ALEPH_VM_ALLOCATION_TOKEN_HASH: "9f".repeat(32),
    ALEPH_VM_SENTRY_DSN: "https://secret@example.org",
  });
  const text = JSON.stringify(settings?.shown);
  assert.ok(!text.includes("9f9f") && !text.includes("secret@"));
  assert.equal(settings?.shown["SUPERVISOR_PORT"], 4020);
  assert.equal(settings?.shown["USE_JAILER"], null);
});
