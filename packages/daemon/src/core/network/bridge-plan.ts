/** The addresses of a bridge network: the host's own, and those for guests. Pure. */

import { boundsOf, formatIpv4, parseCidr } from "#lib/ipv4.ts";

import { cutCidr } from "./egress.ts";
import type { BridgeNetwork } from "./network.ts";

/** the host's address where none is given, as Slicer's examples have it */
const DEFAULT_GATEWAY = "192.168.137.1/24";

export interface BridgePlan {
  /** the host's address on the bridge, bare */
  readonly gateway: string;
  readonly prefix: number;
  /** the whole network, in CIDR form */
  readonly network: string;
}

/** The gateway must have been checked: one that is no CIDR is a mistake of ours. */
export function bridgePlan({ gateway = DEFAULT_GATEWAY }: BridgeNetwork): BridgePlan {
  const cidr = parseCidr(gateway);
  if (!cidr) throw new Error(`invariant: a gateway is a CIDR, not ${gateway}`);
  return { gateway: formatIpv4(cidr.address), prefix: cidr.prefix, network: cutCidr(cidr) };
}

/** The addresses that guests may get, lowest first or as listed. */
export function* bridgePool(network: BridgeNetwork): Generator<string> {
  if (network.addresses.length > 0) {
    yield* network.addresses;
    return;
  }
  const cidr = parseCidr(network.gateway ?? DEFAULT_GATEWAY);
  if (!cidr) return;
  const [first, last] = boundsOf(cidr);
  for (let address = first + 1; address < last; address += 1) {
    if (address !== cidr.address) yield formatIpv4(address);
  }
}
