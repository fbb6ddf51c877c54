/**
 * Stories of routed networks, to be run where nothing else is (harness/own-network.ts): a host with one guest that may
 * reach the world, one that may not, and the world beside it.
 *
 * Said as in networks.e2e.ts: "refused" at once, "silence" for what vanishes.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import type { RoutedNetwork } from "../../packages/daemon/src/core/network/network.ts";
import { never } from "../../packages/daemon/src/testing/fake-host.ts";
import { HostNetworks } from "../../packages/daemon/src/network/host-networks.ts";
import { HostPorts } from "../../packages/daemon/src/network/host-ports.ts";
import type { WorldSettings } from "../../packages/daemon/src/network/routed-vms.ts";
import { Names } from "../../packages/daemon/src/network/names.ts";
import { networksOf } from "../harness/host-networks.ts";
import { Outside } from "../harness/outside.ts";
import { openGreeter } from "../harness/reach.ts";
import { config } from "./qemu-machines.ts";
import { RoutedGuestMachine, vmIn } from "./routed-guests.ts";

/** what the names of this host follow from, as from a daemon's runtime directory */
const RUNTIME = `/run/alcove-routed-${process.pid}`;
const PORT = 7000;

const outside = await Outside.open();
const WORLD = { external: outside.device, ndpProxy: true };

/** @param low the last group of its IPv6 network, in the one that the host and the world share */
function networkOf(number: number, low: string, internet: boolean): RoutedNetwork {
  const ipv4 = `172.16.${number}`;
  const ipv6 = outside.hostThere6.replace(/::1$/, "::3:deca:deca");
  return {
    mode: "routed",
    tap: `vmtap${number}`,
    ipv4: { network: `${ipv4}.0/24`, host: `${ipv4}.1`, guest: `${ipv4}.2` },
    ipv6: { network: `${ipv6}:${low}0/124`, host: `${ipv6}:${low}0`, guest: `${ipv6}:${low}1` },
    internet,
  };
}

/** Networks of a daemon that begins now: nothing of an earlier one is known but what is on the host. */
function daemon(world: WorldSettings = WORLD): HostNetworks {
  const base = config.users?.base ?? 0;
  const users = { firstUid: base, lastUid: base + 999 };
  return new HostNetworks(new Names(RUNTIME), { guestToHost: "deny", users }, world);
}

const NETWORK = networkOf(4, "dec", true);
const OFFLINE = networkOf(5, "ded", false);
const guests: { one: RoutedGuestMachine | undefined; offline: RoutedGuestMachine | undefined } = {
  one: undefined,
  offline: undefined,
};
let networks = daemon();

function one(): RoutedGuestMachine {
  assert.ok(guests.one, "the guest is not up");
  return guests.one;
}

function offline(): RoutedGuestMachine {
  assert.ok(guests.offline, "the guest is not up");
  return guests.offline;
}

before(async () => {
  guests.one = await RoutedGuestMachine.boot(vmIn(NETWORK, "one"), networks);
  guests.offline = await RoutedGuestMachine.boot(vmIn(OFFLINE, "offline"), networks);
  await guests.one.greet(PORT);
  await guests.offline.greet(PORT);
});
after(async () => {
  await guests.one?.[Symbol.asyncDispose]();
  await guests.offline?.[Symbol.asyncDispose]();
  await outside.close();
});

const DIAL = `
const [address, port] = process.argv.slice(1);
const socket = require("node:net").connect({ host: address, port: Number(port), timeout: 2000 });
socket.on("timeout", () => { console.log("silence"); process.exit(); });
socket.on("error", () => { console.log("refused"); process.exit(); });
socket.pipe(process.stdout);`;

const ASK = `
const [address, port] = process.argv.slice(1);
const socket = require("node:dgram").createSocket("udp4");
socket.on("message", (text) => { console.log(String(text)); process.exit(); });
socket.send("?", Number(port), address);
setTimeout(() => { console.log("silence"); process.exit(); }, 2000);`;

/** @returns what a client in the world hears at an address */
function dialFromOutside(address: string, port: number): string {
  return outside.run([process.execPath, "-e", DIAL, address, String(port)]).stdout.trim();
}

function askFromOutside(address: string, port: number): string {
  return outside.run([process.execPath, "-e", ASK, address, String(port)]).stdout.trim();
}

function dialFromHost(address: string, port: number): string {
  const args = ["-e", DIAL, address, String(port)];
  return execFileSync(process.execPath, args, { encoding: "utf8" }).trim();
}

/** Says 129, echo reply, when it has been answered; the kernel fills in the checksum. */
const PING6 = `
use Socket qw(AF_INET6 SOCK_RAW inet_pton inet_ntop pack_sockaddr_in6 unpack_sockaddr_in6);
my $to = inet_pton(AF_INET6, $ARGV[0]);
socket(my $s, AF_INET6, SOCK_RAW, 58) or die "$!";
alarm 2;
send($s, pack("CCnnn", 128, 0, 0, 77, 1), 0, pack_sockaddr_in6(0, $to)) or die "$!";
while (my $from = recv($s, my $said, 99, 0)) {
  my ($type, undef, undef, $id) = unpack("CCnn", $said);
  next unless $type == 129 && $id == 77 && (unpack_sockaddr_in6($from))[1] eq $to;
  print $type;
  last;
}`;

function pingsFromOutside(address: string): boolean {
  return outside.run(["perl", "-e", PING6, address]).stdout === "129";
}

function ip(...args: readonly string[]): string {
  return execFileSync("ip", args, { encoding: "utf8" });
}

function redirect(hostPort: number, vmPort = PORT, udp = false) {
  return { hostPort, vmPort, tcp: true, udp };
}

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

test("nothing stays when the last machine has ended", async () => {
  await guests.one?.[Symbol.asyncDispose]();
  await offline()[Symbol.asyncDispose]();
  [guests.one, guests.offline] = [undefined, undefined];
  await networks.lower(never);
  assert.deepEqual(networksOf(RUNTIME), []);
});
