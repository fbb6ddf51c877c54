/** Ports of the host that lead to guests, and what stays of them and what goes, in their order. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { HostPorts } from "../../packages/daemon/src/network/host-ports.ts";
import { never } from "../../packages/daemon/src/testing/fake-host.ts";
import { networksOf } from "../harness/host-networks.ts";
import { vmIn } from "./routed-guests.ts";
import {
  askFromOutside,
  daemon,
  dialFromHost,
  dialFromOutside,
  guests,
  ip,
  NETWORK,
  networkOf,
  networks as firstNetworks,
  OFFLINE,
  offline,
  one,
  outside,
  pingsFromOutside,
  PORT,
  redirect,
  RUNTIME,
  WORLD,
} from "./routed-stage.ts";

let networks = firstNetworks;

function ruleset(): string {
  return execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
}

test("a port of the host leads to a guest: from the world and from the host, but not from its loopback", async () => {
  const { hostThere, near } = outside;
  assert.equal(dialFromOutside(hostThere, 24_000), "refused");
  await networks.redirects.set(NETWORK, [redirect(24_000, PORT, true)], never);
  assert.equal(dialFromOutside(hostThere, 24_000), `guest to ::ffff:${near}`);
  assert.equal(askFromOutside(hostThere, 24_000), "guest by datagram");
  assert.equal(dialFromHost(hostThere, 24_000), `guest to ::ffff:${hostThere}`);
  assert.equal(dialFromHost("127.0.0.1", 24_000), "refused");
  assert.equal(dialFromOutside(hostThere, PORT), "refused");
  assert.equal(await offline().dial(hostThere, 24_000), "refused");
});

test("a port that leads somewhere is not free, and leads to one VM only", async () => {
  const ports = new HostPorts({ hostIpv4: undefined, externalInterface: outside.device });
  assert.equal(ports.address(), outside.hostThere);
  assert.equal(await ports.isFree(24_000, never), false);
  assert.equal(await ports.isFree(24_001, never), true);
  const taken = networks.redirects.set(OFFLINE, [redirect(24_000)], never);
  await assert.rejects(taken, /tcp\/24000/);
});

test("a new list replaces the old one, also of a guest without internet", async () => {
  const { hostThere, near } = outside;
  await networks.redirects.set(NETWORK, [redirect(24_001)], never);
  await networks.redirects.set(OFFLINE, [redirect(24_002)], never);
  assert.equal(dialFromOutside(hostThere, 24_000), "refused");
  assert.equal(dialFromOutside(hostThere, 24_001), `guest to ::ffff:${near}`);
  assert.equal(dialFromOutside(hostThere, 24_002), `guest to ::ffff:${near}`);
});

test("everything is made anew when somebody has taken it away", async () => {
  const { record } = one();
  execFileSync("nft", ["flush", "ruleset"]);
  ip("addr", "del", `${NETWORK.ipv4.host}/24`, "dev", NETWORK.tap);
  assert.equal(dialFromOutside(outside.hostThere, 24_001), "refused");
  const lost = vmIn(networkOf(6, "dee", true), "lost");
  const answer = await networks.redirects.recreate([record, lost, offline().record], never);
  assert.deepEqual(answer.recreated, [record.id, offline().record.id]);
  assert.equal(answer.failed[0]?.id, lost.id);
  assert.match(answer.failed[0]?.error ?? "", /vmtap6 is gone/);
  assert.equal(dialFromOutside(outside.hostThere, 24_001), `guest to ::ffff:${outside.near}`);
  const { removedChains } = await networks.redirects.recreate([record], never);
  assert.ok(removedChains.includes("redirected"), removedChains.join());
});

test("after a killed daemon everything goes on, and the next takes it over", async () => {
  const records = [one().record, offline().record];
  networks = daemon({ ...WORLD, external: undefined });
  assert.equal(dialFromOutside(outside.hostThere, 24_001), `guest to ::ffff:${outside.near}`);
  const [idleBridge = "", ...others] = await networks.sweep(records, never);
  assert.match(idleBridge, /^network device alc[0-9a-f]{6}b[0-9a-f]{4}$/);
  assert.deepEqual(others, []);
  assert.equal(dialFromOutside(outside.hostThere, 24_001), `guest to ::ffff:${outside.near}`);
  assert.ok(pingsFromOutside(NETWORK.ipv6.guest));
  await networks.redirects.set(NETWORK, [redirect(24_003)], never);
  assert.equal(dialFromOutside(outside.hostThere, 24_001), "refused");
  assert.equal(dialFromOutside(outside.hostThere, 24_003), `guest to ::ffff:${outside.near}`);
  assert.equal(dialFromOutside(outside.hostThere, 24_002), `guest to ::ffff:${outside.near}`);
  assert.equal(await offline().dial(outside.hostThere, 24_003), "refused");
});

test("what belonged to a VM that is no more is removed, and nothing of the others", async () => {
  networks = daemon();
  const removed = await networks.sweep([offline().record], never);
  assert.deepEqual(removed, ["network device vmtap4"]);
  assert.equal(dialFromOutside(outside.hostThere, 24_003), "refused");
  assert.equal(dialFromOutside(outside.hostThere, 24_002), `guest to ::ffff:${outside.near}`);
  assert.equal(ip("-6", "neigh", "show", "proxy").trim(), "");
});

test("a device that is not ours is left alone, and so is a network that somebody is in", async () => {
  ip("tuntap", "add", "dev", "vmtap7", "mode", "tap");
  await assert.rejects(networks.prepare(vmIn(networkOf(7, "de1", true), "seven"), never), {
    message: /vmtap7 is somebody else's/,
  });
  ip("addr", "add", "172.16.8.200/32", "dev", outside.device);
  await assert.rejects(networks.prepare(vmIn(networkOf(8, "de2", true), "eight"), never), {
    message: /overlaps 172\.16\.8\.200/,
  });
  ip("link", "del", "dev", "vmtap7");
});

test("a guest comes up where no device leads to the world, and its ports with it", async () => {
  const lone = daemon({ external: "alcnone0", ndpProxy: true });
  const [network, vm] = [networkOf(9, "de3", true), vmIn(networkOf(9, "de3", true), "nine")];
  await lone.redirects.set(network, [redirect(24_009)], never);
  await lone.prepare(vm, never);
  assert.match(ruleset(), /tcp \. 24009 : 172\.16\.9\.2 \. 7000/);
  assert.equal(ip("-6", "neigh", "show", "proxy").trim(), "");
  await lone.release(vm);
  assert.doesNotMatch(ruleset(), /24009/);
});

test("nothing stays when the last machine has ended", async () => {
  await guests.one?.[Symbol.asyncDispose]();
  await offline()[Symbol.asyncDispose]();
  [guests.one, guests.offline] = [undefined, undefined];
  await networks.lower(never);
  assert.deepEqual(networksOf(RUNTIME), []);
});
