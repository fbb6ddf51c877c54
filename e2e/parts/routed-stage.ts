/** What the stories of routed networks play on: a host with one guest that may reach the world, one that may not, and the world. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before } from "node:test";

import type { RoutedNetwork } from "../../packages/daemon/src/core/network/network.ts";
import { HostNetworks } from "../../packages/daemon/src/network/host-networks.ts";
import type { WorldSettings } from "../../packages/daemon/src/network/routed-vms.ts";
import { Names } from "../../packages/daemon/src/network/names.ts";
import { Outside } from "../harness/outside.ts";
import { config } from "./qemu-machines.ts";
import { RoutedGuestMachine, vmIn } from "./routed-guests.ts";

/** what the names of this host follow from, as from a daemon's runtime directory */
export const RUNTIME = `/run/alcove-routed-${process.pid}`;
export const PORT = 7000;

export const outside = await Outside.open();
export const WORLD = { external: outside.device, ndpProxy: true };

/** @param low the last group of its IPv6 network, in the one that the host and the world share */
export function networkOf(number: number, low: string, internet: boolean): RoutedNetwork {
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
export function daemon(world: WorldSettings = WORLD): HostNetworks {
  const base = config.users?.base ?? 0;
  const users = { firstUid: base, lastUid: base + 999 };
  return new HostNetworks(new Names(RUNTIME), { guestToHost: "deny", users }, world);
}

export const NETWORK = networkOf(4, "dec", true);
export const OFFLINE = networkOf(5, "ded", false);
export const guests: {
  one: RoutedGuestMachine | undefined;
  offline: RoutedGuestMachine | undefined;
} = {
  one: undefined,
  offline: undefined,
};
/** of the first daemon */
export const networks = daemon();

export function one(): RoutedGuestMachine {
  assert.ok(guests.one, "the guest is not up");
  return guests.one;
}

export function offline(): RoutedGuestMachine {
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
export function dialFromOutside(address: string, port: number): string {
  return outside.run([process.execPath, "-e", DIAL, address, String(port)]).stdout.trim();
}

export function askFromOutside(address: string, port: number): string {
  return outside.run([process.execPath, "-e", ASK, address, String(port)]).stdout.trim();
}

export function dialFromHost(address: string, port: number): string {
  const args = ["-e", DIAL, address, String(port)];
  return execFileSync(process.execPath, args, { encoding: "utf8" }).trim();
}

/** Says 129, echo reply, when it has been answered; the kernel fills in the checksum. */
export const PING6 = `
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

export function pingsFromOutside(address: string): boolean {
  return outside.run(["perl", "-e", PING6, address]).stdout === "129";
}

export function ip(...args: readonly string[]): string {
  return execFileSync("ip", args, { encoding: "utf8" });
}

export function redirect(hostPort: number, vmPort = PORT, udp = false) {
  return { hostPort, vmPort, tcp: true, udp };
}
