/** The lines that make network devices, as ip(8) reads them. Pure. */

import type { BridgePlan } from "#core/network/bridge-plan.ts";
import { INSIDE, type Link } from "#core/network/isolated-plan.ts";

import { TAP_INSIDE, UPLINK_INSIDE } from "./names.ts";

export interface BridgeDevice {
  readonly name: string;
  readonly mac: string;
  /** whose it is */
  readonly mark: string;
}

/** Without IPv6 addresses: nothing filters what comes in by one. */
export function bridgeLines({ name, mac, mark }: BridgeDevice): readonly string[] {
  return [
    `link add name ${name} address ${mac} type bridge forward_delay 0 mcast_snooping 0`,
    `link set dev ${name} alias ${mark}`,
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} up`,
  ];
}

/** Groups that share a bridge may each have a network on it. */
export function gatewayLine(bridge: string, { gateway, prefix }: BridgePlan): string {
  return `addr replace ${gateway}/${prefix} dev ${bridge}`;
}

export interface TapDevice {
  readonly name: string;
  readonly bridge: string;
  /** whose it is */
  readonly mark: string;
  /** the guest's, bare */
  readonly address: string;
}

/**
 * A tap that stays when QEMU goes, with room for the header that spares checksums. Whoever had the guest's
 * address before had another MAC address, which the host may still remember.
 */
export function tapLines({ name, bridge, mark, address }: TapDevice): readonly string[] {
  return [
    `tuntap add dev ${name} mode tap vnet_hdr`,
    `link set dev ${name} alias ${mark}`,
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} master ${bridge} up`,
    `neigh flush to ${address} dev ${bridge}`,
  ];
}

export interface LinkDevices {
  readonly namespace: string;
  /** the host's end */
  readonly device: string;
  readonly mark: string;
  readonly link: Link;
}

export function linkLines({ namespace, device, mark, link }: LinkDevices): readonly string[] {
  return [
    `netns add ${namespace}`,
    `link add name ${device} type veth peer name ${UPLINK_INSIDE} netns ${namespace}`,
    `link set dev ${device} alias ${mark}`,
    `link set dev ${device} addrgenmode none`,
    `addr add ${link.host}/${link.prefix} dev ${device}`,
    `link set dev ${device} up`,
  ];
}

/** To be carried out inside the namespace. */
export function insideLines(link: Link): readonly string[] {
  return [
    `link set dev ${UPLINK_INSIDE} addrgenmode none`,
    `addr add ${link.vm}/${link.prefix} dev ${UPLINK_INSIDE}`,
    `link set dev lo up`,
    `link set dev ${UPLINK_INSIDE} up`,
    `tuntap add dev ${TAP_INSIDE} mode tap vnet_hdr`,
    `link set dev ${TAP_INSIDE} addrgenmode none`,
    `addr add ${INSIDE.gateway}/${INSIDE.prefix} dev ${TAP_INSIDE}`,
    `link set dev ${TAP_INSIDE} up`,
    `route add default via ${link.host}`,
  ];
}
