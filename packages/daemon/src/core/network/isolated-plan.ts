/**
 * The addresses of isolated VMs. Pure.
 *
 * Each VM has a link to the host, a /30 of its group's range: the host's end is .1, the VM's .2, and by
 * that the host reaches it. Behind the link all guests look alike: the same address, gateway and MAC
 * address, each in a network namespace of its own. So a copy of a guest needs no new identity.
 */

import { createHash } from "node:crypto";

import { boundsOf, formatIpv4, parseCidr, parseIpv4 } from "#lib/ipv4.ts";

import { cutCidr } from "./egress.ts";
import type { IsolatedNetwork } from "./network.ts";

/** what every guest has inside its namespace */
export const INSIDE = {
  guest: "10.232.0.2",
  gateway: "10.232.0.1",
  prefix: 30,
  mac: "02:a1:c0:7e:00:02",
  /** a guest that was suspended, or copied, still knows its gateway by it */
  gatewayMac: "02:a1:c0:7e:00:01",
} as const;

const LINK_SIZE = 4;
const LINK_PREFIX = 30;

/** RFC 3927 keeps the first and the last 256 addresses; clouds answer for 169.254.169.254 */
const NOT_BY_DEFAULT: ReadonlySet<number> = new Set([0, 42, 63]);
const LINK_LOCAL = parseIpv4("169.254.0.0") ?? 0;
const DEFAULT_SIZE = 1024;
const DEFAULT_PREFIX = 22;

/** @returns the range in CIDR form */
export function isolatedRange(network: IsolatedNetwork, group: string): string {
  const given = network.range === undefined ? undefined : parseCidr(network.range);
  if (given) return cutCidr(given);
  const places = Array.from({ length: 64 }, (_, place) => place);
  const usable = places.filter((place) => !NOT_BY_DEFAULT.has(place));
  const hash = createHash("sha256").update(group).digest().readUInt32BE(0);
  const place = usable[hash % usable.length] ?? 1;
  return `${formatIpv4(LINK_LOCAL + place * DEFAULT_SIZE)}/${DEFAULT_PREFIX}`;
}

/** The addresses that VMs may get, one a link, lowest first. */
export function* isolatedPool(network: IsolatedNetwork, group: string): Generator<string> {
  const range = parseCidr(isolatedRange(network, group));
  if (!range) return;
  const [first, last] = boundsOf(range);
  for (let link = first; link + LINK_SIZE - 1 <= last; link += LINK_SIZE) {
    const address = formatIpv4(link + 2);
    if (address !== INSIDE.guest) yield address; // a link that looks like its own inside leads nowhere
  }
}

export interface Link {
  /** bare addresses of the two ends */
  readonly host: string;
  readonly vm: string;
  readonly prefix: number;
}

/** @param address what the pool gave */
export function linkOf(address: string): Link {
  const vm = parseIpv4(address);
  if (vm === undefined) throw new Error(`invariant: an isolated VM has an address, not ${address}`);
  return { host: formatIpv4(vm - 1), vm: address, prefix: LINK_PREFIX };
}
