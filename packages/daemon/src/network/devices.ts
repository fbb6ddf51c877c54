/** The lines that make network devices, as ip(8) reads them. Pure. */

import type { BridgePlan } from "#core/network/bridge-plan.ts";
import { INSIDE, type Link } from "#core/network/isolated-plan.ts";
import { INSIDE_IPV6, ROUTER_LINK_LOCAL, UPLINK_LINK_LOCAL } from "#core/network/local-plan.ts";

import { TAP_INSIDE, UPLINK_INSIDE } from "./names.ts";

export interface BridgeDevice {
  readonly name: string;
  readonly mac: string;
  /** whose it is */
  readonly mark: string;
}

/** With no IPv6 addresses but those that it is given later, which are there at once. */
export function bridgeLines({ name, mac, mark }: BridgeDevice): readonly string[] {
  return [
    `link add name ${name} address ${mac} type bridge forward_delay 0 mcast_snooping 0`,
    `link set dev ${name} alias ${mark}`,
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} up`,
  ];
}

/**
 * Groups that share a bridge may each have a network on it.
 * @param ipv6 the host's address there, in CIDR form; `undefined` without IPv6
 */
export function gatewayLines(
  bridge: string,
  { gateway, prefix }: BridgePlan,
  ipv6: string | undefined,
): readonly string[] {
  const ipv4Line = `addr replace ${gateway}/${prefix} dev ${bridge}`;
  if (ipv6 === undefined) return [ipv4Line];
  return [ipv4Line, ...ipv6Lines(bridge, ROUTER_LINK_LOCAL, ipv6)];
}

export interface TapDevice {
  readonly name: string;
  readonly bridge: string;
  /** whose it is */
  readonly mark: string;
  /** the guest's, bare, of either family */
  readonly addresses: readonly string[];
}

/**
 * A tap that stays when QEMU goes, with room for the header that spares checksums. Whoever had the guest's
 * address before had another MAC address, which the host may still remember.
 */
export function tapLines({ name, bridge, mark, addresses }: TapDevice): readonly string[] {
  return [
    `tuntap add dev ${name} mode tap vnet_hdr`,
    `link set dev ${name} alias ${mark}`,
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} master ${bridge} up`,
    ...addresses.map((address) => `neigh flush to ${address} dev ${bridge}`),
  ];
}

export interface RoutedTap {
  readonly name: string;
  /** fixed, so that a guest that was suspended still knows its gateway */
  readonly mac: string;
  /** whose it is */
  readonly mark: string;
  /** the host's addresses on it, CIDRs */
  readonly ipv4: string;
  /** `undefined` without IPv6 */
  readonly ipv6: string | undefined;
}

/** A tap that the host is a neighbour on, and that stays when QEMU goes. */
export function routedTapLines(tap: RoutedTap): readonly string[] {
  return [
    `tuntap add dev ${tap.name} mode tap vnet_hdr`,
    `link set dev ${tap.name} alias ${tap.mark}`,
    ...routedAddressLines(tap),
  ];
}

/** May be repeated. */
export function routedAddressLines({ name, mac, ipv4, ipv6 }: RoutedTap): readonly string[] {
  return [
    `link set dev ${name} address ${mac} addrgenmode none`,
    `addr replace ${ipv4} dev ${name}`,
    ...(ipv6 === undefined ? [] : ipv6Lines(name, ROUTER_LINK_LOCAL, ipv6)),
    `link set dev ${name} up`,
  ];
}

export interface LinkDevices {
  readonly namespace: string;
  /** the host's end */
  readonly device: string;
  readonly mark: string;
  readonly ends: LinkEnds;
}

/** The two ends of an isolated VM's link. */
export interface LinkEnds {
  readonly link: Link;
  /** the same for IPv6; `undefined` without it */
  readonly link6: Link | undefined;
}

export function linkLines({ namespace, device, mark, ends }: LinkDevices): readonly string[] {
  const { link, link6 } = ends;
  return [
    `netns add ${namespace}`,
    `link add name ${device} type veth peer name ${UPLINK_INSIDE} netns ${namespace}`,
    `link set dev ${device} alias ${mark}`,
    `link set dev ${device} addrgenmode none`,
    `addr add ${link.host}/${link.prefix} dev ${device}`,
    ...(link6 ? ipv6Lines(device, ROUTER_LINK_LOCAL, `${link6.host}/${link6.prefix}`) : []),
    `link set dev ${device} up`,
  ];
}

/** To be carried out inside the namespace. */
export function insideLines({ link, link6 }: LinkEnds): readonly string[] {
  const inside6 = `${INSIDE_IPV6.gateway}/${INSIDE_IPV6.prefix}`;
  return [
    `link set dev ${UPLINK_INSIDE} addrgenmode none`,
    `addr add ${link.vm}/${link.prefix} dev ${UPLINK_INSIDE}`,
    ...(link6 ? ipv6Lines(UPLINK_INSIDE, UPLINK_LINK_LOCAL, `${link6.vm}/${link6.prefix}`) : []),
    `link set dev lo up`,
    `link set dev ${UPLINK_INSIDE} up`,
    `tuntap add dev ${TAP_INSIDE} mode tap vnet_hdr`,
    `link set dev ${TAP_INSIDE} address ${INSIDE.gatewayMac} addrgenmode none`,
    `addr add ${INSIDE.gateway}/${INSIDE.prefix} dev ${TAP_INSIDE}`,
    ...(link6 ? ipv6Lines(TAP_INSIDE, ROUTER_LINK_LOCAL, inside6) : []),
    `link set dev ${TAP_INSIDE} up`,
    `route add default via ${link.host}`,
    ...(link6 ? [`route add default via ${link6.host}`] : []),
  ];
}

/** Nobody else can have them: they are not asked for before they are used. */
function ipv6Lines(device: string, linkLocal: string, cidr: string): readonly string[] {
  return [linkLocal, cidr].map((address) => `addr replace ${address} dev ${device} nodad`);
}
