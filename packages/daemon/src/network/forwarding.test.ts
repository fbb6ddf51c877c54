/** On a directory that looks like the kernel's: the machine's own settings are left alone. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { forwardIpv6 } from "./forwarding.ts";
import { hasIpv6 } from "./presence.ts";

type Settings = Readonly<Record<string, Readonly<Record<string, string>>>>;

const NOBODYS = async () => false;

function write(directory: string, settings: Settings): void {
  for (const [device, values] of Object.entries(settings)) {
    mkdirSync(path.join(directory, device));
    for (const [name, value] of Object.entries(values)) {
      writeFileSync(path.join(directory, device, name), `${value}\n`);
    }
  }
}

/** @returns what a file begins with: the kernel takes the whole of what is written as one value */
function valueOf(directory: string, device: string, name: string): string {
  return readFileSync(path.join(directory, device, name), "utf8").slice(0, 1);
}

const HOST: Settings = {
  all: { forwarding: "0", accept_ra: "1", disable_ipv6: "0" },
  default: { forwarding: "0", accept_ra: "1", disable_ipv6: "0" },
  eth0: { forwarding: "0", accept_ra: "1" },
  eth1: { forwarding: "0", accept_ra: "0" },
  eth2: { forwarding: "1", accept_ra: "1" },
  ours: { forwarding: "0", accept_ra: "1" },
};

test("IPv6 forwarding: devices that listen to routers go on, all others stay as they are", async () => {
  await using directory = await tempDir();
  write(directory.path, HOST);
  await forwardIpv6(async (device) => device === "ours", directory.path);
  assert.equal(valueOf(directory.path, "all", "forwarding"), "1");
  const listening = Object.keys(HOST).map((device) => [
    device,
    valueOf(directory.path, device, "accept_ra"),
  ]);
  assert.deepEqual(Object.fromEntries(listening), {
    all: "1",
    default: "1",
    eth0: "2",
    eth1: "0",
    eth2: "1",
    ours: "1",
  });
});

test("IPv6 forwarding: where it is on already, nothing is touched", async () => {
  await using directory = await tempDir();
  write(directory.path, { ...HOST, all: { forwarding: "1" } });
  await forwardIpv6(NOBODYS, directory.path);
  assert.equal(valueOf(directory.path, "eth0", "accept_ra"), "1");
});

test("IPv6 forwarding: a kernel without IPv6 is left alone", async () => {
  await using directory = await tempDir();
  await forwardIpv6(NOBODYS, path.join(directory.path, "absent"));
  assert.equal(hasIpv6(path.join(directory.path, "absent")), false);
});

for (const [all, byDefault, expected] of [
  ["0", "0", true],
  ["1", "1", false],
  ["1", "0", false],
  ["0", "1", false],
] as const) {
  test(`presence: with IPv6 disabled as ${all} for all and ${byDefault} by default, VMs ${expected ? "have" : "do without"} it`, async () => {
    await using directory = await tempDir();
    write(directory.path, { all: { disable_ipv6: all }, default: { disable_ipv6: byDefault } });
    assert.equal(hasIpv6(directory.path), expected);
  });
}
