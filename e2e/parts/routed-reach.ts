/**
 * Who reaches whom with routed guests, in their order. Said as in networks.e2e.ts: "refused" at once, "silence" for
 * what vanishes.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { openGreeter } from "../harness/reach.ts";
import { RoutedGuestMachine, vmIn } from "./routed-guests.ts";
import {
  dialFromHost,
  dialFromOutside,
  ip,
  NETWORK,
  networks,
  OFFLINE,
  offline,
  one,
  outside,
  PING6,
  pingsFromOutside,
  PORT,
} from "./routed-stage.ts";

test("a guest has both addresses, and the host's as its gateways", async () => {
  const [ipv4, ipv6] = [NETWORK.ipv4, NETWORK.ipv6];
  assert.match(await one().sh("ip -4 -o addr show dev eth0"), new RegExp(`${ipv4.guest}/24 `));
  assert.match(await one().sh("ip -6 -o addr show dev eth0"), new RegExp(`${ipv6.guest}/124 `));
  assert.match(await one().sh("ip route show default"), new RegExp(`via ${ipv4.host} `));
  assert.match(await one().sh("ip -6 route show default"), new RegExp(`via ${ipv6.host} `));
});

test("the host reaches the guest at both, and the guest pings the host", async () => {
  assert.equal(
    execFileSync("perl", ["-e", PING6, NETWORK.ipv6.guest], { encoding: "utf8" }),
    "129",
  );
  for (const { host, guest } of [NETWORK.ipv4, NETWORK.ipv6]) {
    assert.equal(dialFromHost(guest, PORT).replace("::ffff:", ""), `guest to ${host}`);
    assert.ok(await one().pings(host));
  }
});

test("a guest reaches the world: under the host's address, or its own where that is known there", async () => {
  const { one: ipv4, one6, port, hostThere, hostThere6 } = outside;
  assert.equal(await one().dial(ipv4, port), `from ${hostThere} to ${ipv4} ${port}`);
  assert.equal(await one().dial(one6, port), `from ${hostThere6} to ${one6} ${port}`);
});

test("the world reaches a guest's IPv6 address by its neighbour the host, and no IPv4 address", async () => {
  assert.ok(pingsFromOutside(NETWORK.ipv6.guest));
  assert.match(dialFromOutside(NETWORK.ipv6.guest, PORT), /^guest to fd77:/);
  assert.match(ip("-6", "neigh", "show", "proxy"), new RegExp(NETWORK.ipv6.guest));
  const neighbour = ["ip", "route", "replace", NETWORK.ipv4.network, "via", outside.hostThere];
  assert.equal(outside.run(neighbour).exitCode, 0);
  assert.equal(dialFromOutside(NETWORK.ipv4.guest, PORT), "silence");
});

test("the host's own services are refused on every address", async () => {
  await using greeter = await openGreeter();
  const addresses = [
    NETWORK.ipv4.host,
    NETWORK.ipv6.host,
    outside.hostThere,
    outside.hostThere6,
    OFFLINE.ipv4.host,
  ];
  for (const it of addresses) assert.equal(await one().dial(it, greeter.port), "refused", it);
  assert.equal(await one().dial("fe80::1%eth0", greeter.port), "silence");
});

test("guests do not reach each other, nor what clouds tell their machines", async () => {
  for (const it of [OFFLINE.ipv4.guest, OFFLINE.ipv6.guest, "169.254.169.254"]) {
    assert.equal(await one().dial(it, 7000), "refused", it);
  }
});

test("guests on a bridge reach no routed guest, and are reached by none", async () => {
  const bridge = { mode: "bridge", bridge: undefined, tapPrefix: undefined } as const;
  const network = { ...bridge, gateway: "172.20.7.1/24", addresses: [] };
  await using bridged = await RoutedGuestMachine.boot(vmIn(network, "bridged"), networks);
  const told = networks.guestNetwork(bridged.record);
  await bridged.greet(PORT);
  assert.match(dialFromHost("172.20.7.2", PORT), /^guest to /);
  for (const it of [NETWORK.ipv4.guest, NETWORK.ipv6.guest]) {
    assert.equal(await bridged.dial(it, PORT), "silence", it);
  }
  for (const it of ["172.20.7.2", told?.ipv6?.address ?? "no IPv6"]) {
    assert.equal(await one().dial(it, PORT), "refused", it);
  }
  assert.equal(
    await one().dial(outside.one, outside.port),
    `from ${outside.hostThere} to ${outside.one} ${outside.port}`,
  );
});

test("what a guest sends from an address that is not its own gets nowhere", async () => {
  const { ipv4, ipv6 } = NETWORK;
  const wrong4 = "172.16.4.99";
  const wrong6 = ipv6.guest.replace(/1$/, "9");
  await one().sh(`ip addr add ${wrong4}/24 dev eth0; ip addr add ${wrong6}/124 dev eth0 nodad`);
  assert.equal(await one().pings(ipv4.host, wrong4), false);
  assert.equal(await one().pings(ipv6.host, wrong6), false);
  assert.equal(await one().pings(outside.one, wrong4), false);
  assert.doesNotMatch(ip("neigh", "show", "dev", NETWORK.tap), /172\.16\.4\.99|dec9/);
  await one().sh(`ip addr del ${wrong4}/24 dev eth0; ip addr del ${wrong6}/124 dev eth0`);
  await one().sh("ip link set eth0 down; ip link set eth0 address 02:00:00:00:99:99 up");
  assert.equal(await one().pings(ipv4.host), false);
  const network = networks.guestNetwork(one().record);
  const back = [
    `ip link set eth0 down; ip link set eth0 address ${one().record.mac} up`,
    `ip -6 addr replace ${ipv6.guest}/124 dev eth0 nodad`,
    `ip route replace default via ${network?.gateway}`,
    `ip -6 route replace default via ${network?.ipv6?.gateway}`,
  ];
  await one().sh(back.join("; "));
  assert.ok(await one().pings(ipv4.host));
});

test("a guest without internet answers its host and is answered by nobody else", async () => {
  const { one: ipv4, one6, port } = outside;
  assert.equal(dialFromHost(OFFLINE.ipv4.guest, PORT), `guest to ::ffff:${OFFLINE.ipv4.host}`);
  assert.equal(await offline().dial(ipv4, port), "refused");
  assert.equal(await offline().dial(one6, port), "refused");
  assert.equal(pingsFromOutside(OFFLINE.ipv6.guest), false);
});
