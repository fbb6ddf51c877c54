/**
 * The IPv6 addresses of bridge and isolated networks. Pure.
 *
 * They are local ones (RFC 4193), which nobody need hand out: a /48 for each daemon, in it a /64 for each
 * bridge and one for the links of all isolated VMs. Whoever has an IPv4 address there has the
 * IPv6 address that ends in the same 32 bits, so that no second plan must be kept. And a wire has no more addresses
 * of IPv6 than of IPv4: whoever writes to all of a /64 fills the host's list of neighbours.
 */

import { createHash } from "node:crypto";

import { parseIpv4 } from "#lib/ipv4.ts";
import { formatIpv6, parseIpv6 } from "#lib/ipv6.ts";

import type { GuestIpv6 } from "../ports/guest-network.ts";
import type { BridgePlan } from "./bridge-plan.ts";
import { INSIDE, type Link } from "./isolated-plan.ts";

/** what the local networks of all daemons begin with; 24 bits that are a daemon's own follow */
const ALL_DAEMONS = "fda1:c0";

/** in a daemon's network */
const LINKS = 0xffff;

/** of bridges, of taps in namespaces, and of the host's end of links; forwarded packets need neighbours that are looked for from such an address */
export const ROUTER_LINK_LOCAL = "fe80::1/64";
/** of a namespace's end of its link */
export const UPLINK_LINK_LOCAL = "fe80::2/64";

/** what every isolated guest has inside its namespace; user networks count up to fd00:a1c0:7e:fff:: */
export const INSIDE_IPV6: GuestIpv6 = {
  address: "fd00:a1c0:7e:ffff::2",
  prefix: 126,
  gateway: "fd00:a1c0:7e:ffff::1",
};

/** @param tag six hexadecimal digits that tell a daemon from others; @returns CIDR */
export function localNetwork(tag: string): string {
  return `${networkStart(tag)}::/48`;
}

/** Whether an address is a daemon's, this one's or another's. */
export function isLocalToDaemon(address: string): boolean {
  return address.startsWith(ALL_DAEMONS);
}

export interface BridgePlace {
  readonly tag: string;
  /** name of the device */
  readonly bridge: string;
}

/** @param ipv4 the guest's or the host's own, bare */
export function bridgedIpv6(place: BridgePlace, ipv4: string, plan: BridgePlan): GuestIpv6 {
  const digest = createHash("sha256").update(place.bridge).digest().readUInt32BE(0);
  const onBridge = (it: string) => placed(place.tag, digest % LINKS, it);
  return {
    address: onBridge(ipv4),
    prefix: prefixFor(plan.prefix),
    gateway: onBridge(plan.gateway),
  };
}

/** The ends of an isolated VM's link. */
export function localLink(tag: string, { host, vm, prefix }: Link): Link {
  return { host: placed(tag, LINKS, host), vm: placed(tag, LINKS, vm), prefix: prefixFor(prefix) };
}

/** What a device calls itself before anybody gave it an address (RFC 4291, appendix A). */
export function linkLocal(mac: string): string {
  const [first = 0, ...rest] = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  const bytes = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return formatIpv6((0xfe80n << 112n) | BigInt(`0x${hex}`));
}

/** the inside of a namespace as a guest may send from it */
export const INSIDE_SOURCES: readonly string[] = [INSIDE_IPV6.address, linkLocal(INSIDE.mac)];

/** as many addresses as the IPv4 network has */
function prefixFor(ipv4Prefix: number): number {
  return 96 + ipv4Prefix;
}

function networkStart(tag: string): string {
  return `${ALL_DAEMONS}${tag.slice(0, 2)}:${tag.slice(2)}`;
}

function placed(tag: string, subnet: number, ipv4: string): string {
  const network = parseIpv6(`${networkStart(tag)}:${subnet.toString(16)}::`);
  const host = parseIpv4(ipv4);
  if (network === undefined || host === undefined) {
    throw new Error(`invariant: ${tag} is a tag and ${ipv4} an address`);
  }
  return formatIpv6(network | BigInt(host));
}
