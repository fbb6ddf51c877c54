/** The addresses of a routed network: each VM brings its own. Pure. */

import { invalidRequest } from "../errors.ts";
import type { GuestIpv6, GuestNetwork } from "../ports/guest-network.ts";
import { parseCidr } from "#lib/ipv4.ts";
import { parseCidr6, parseIpv6 } from "#lib/ipv6.ts";
import type { RoutedNetwork } from "./network.ts";

/**
 * @param wanted address asked for, bare; `undefined` takes the network's
 * @param taken addresses of all other VMs
 * @returns the guest's, bare
 * @throws AlcoveError `invalid_request` when it is not the network's, or another VM has it
 */
export function routedAddress(
  { ipv4 }: RoutedNetwork,
  wanted: string | undefined,
  taken: ReadonlySet<string>,
): string {
  if (wanted !== undefined && wanted !== ipv4.guest) {
    throw invalidRequest(
      "ip",
      `${wanted} is not ${ipv4.guest}, the guest's address in its network`,
    );
  }
  if (taken.has(ipv4.guest)) throw invalidRequest("ip", `${ipv4.guest} is another VM's`);
  return ipv4.guest;
}

/** What the guest is told, but for IPv6, which not every host has. */
export function routedGuestNetwork(
  { ipv4 }: RoutedNetwork,
  mac: string,
  dns: readonly string[],
): GuestNetwork {
  const { prefix } = mustBeCidr(ipv4.network);
  return { interface: "eth0", mac, address: ipv4.guest, prefix, gateway: ipv4.host, dns };
}

export function routedGuestIpv6({ ipv6 }: RoutedNetwork): GuestIpv6 {
  const cidr = parseCidr6(ipv6.network);
  if (!cidr) throw new Error(`invariant: a network is a CIDR, not ${ipv6.network}`);
  return { address: ipv6.guest, prefix: cidr.prefix, gateway: ipv6.host };
}

function mustBeCidr(network: string) {
  const cidr = parseCidr(network);
  if (!cidr) throw new Error(`invariant: a network is a CIDR, not ${network}`);
  return cidr;
}

/** Of 128 bits, the first seven of fc00::/7: addresses that the world has no way back to (RFC 4193). */
const LOCAL_BITS = 0xfcn >> 1n;

/** Whether the world has no way back to an IPv6 address, so that it must be translated. */
export function isLocalIpv6(address: string): boolean {
  const number = parseIpv6(address);
  return number !== undefined && number >> 121n === LOCAL_BITS;
}
