/**
 * What an isolated VM may reach: from lists as people write them to rules in order. Pure.
 *
 * Three kinds of destinations are told apart. The host itself and other VMs are closed, whatever
 * the lists say; that is not decided here. The local network (private ranges, link-local, and the
 * networks that the host's own interfaces are in) is closed but for entries that lie inside it:
 * "0.0.0.0/0" does not open it, "192.168.1.7:5432" does. The rest follows the lists. IPv4 and IPv6
 * are in the same lists, and "only allow" counts entries of either.
 */

import { boundsOf, type Cidr, formatIpv4, parseCidr, parseIpv4 } from "#lib/ipv4.ts";
import { contains6, cutCidr6, parseCidr6, parseIpv6 } from "#lib/ipv6.ts";

import type { NetworkOverride, NetworkPolicy } from "./network.ts";

/** One entry of a list, understood. */
export interface Destination {
  /** network in CIDR form */
  readonly cidr: string;
  /** of TCP and UDP; `undefined` is everything */
  readonly port: number | undefined;
}

export interface EgressRule extends Destination {
  readonly verdict: "accept" | "reject";
}

/** Rules in order, the first that fits decides; what fits none gets `otherwise`. */
export interface Egress {
  readonly rules: readonly EgressRule[];
  readonly otherwise: "accept" | "reject";
}

/** of one list: rules are looked through one by one for every new connection */
export const MAX_ENTRIES = 256;

const PRIVATE: readonly string[] = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "127.0.0.0/8",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // all of IPv6 but 2000::/3, the world: so also what stands for IPv4 addresses (::ffff:0:0/96, 64:ff9b::/96)
  "::/3",
  "4000::/2",
  "8000::/1",
];

const EVERYTHING = "0.0.0.0/0";

/** @returns the lists that hold for a VM */
export function policyFor(
  group: NetworkPolicy,
  override: NetworkOverride | undefined,
): NetworkPolicy {
  return { allow: override?.allow ?? group.allow, drop: override?.drop ?? group.drop };
}

/** @returns what is wrong with a list, one sentence each */
export function policyProblems(entries: readonly string[]): string[] {
  if (entries.length > MAX_ENTRIES) return [`at most ${MAX_ENTRIES} entries`];
  return entries
    .filter((entry) => parseDestination(entry) === undefined)
    .map(
      (entry) =>
        `"${entry}" is no address, CIDR or address:port, such as 203.0.113.7, 10.0.0.0/8, 1.1.1.1:53 or [2001:db8::1]:443; names are not looked up`,
    );
}

export interface Surroundings {
  /** networks that the host's own interfaces are in, in CIDR form */
  readonly hostNetworks: readonly string[];
  /** the guest's name servers: those in the local network can be asked unless only `allow` says what may be reached */
  readonly dns: readonly string[];
}

/** Entries that are no destination must have been refused before: they are passed over here. */
export function egressFor(policy: NetworkPolicy, around: Surroundings): Egress {
  const local = [...PRIVATE, ...around.hostNetworks];
  const allow = destinations(policy.allow);
  const drop = destinations(policy.drop).flatMap(inBothFamilies);
  const onlyAllow = allow.length > 0 && drop.length === 0;
  const servers = destinations(around.dns).map(({ cidr }) => ({ cidr, port: 53 }));
  const opened = [...allow, ...(onlyAllow ? [] : servers)].filter((one) => isInside(one, local));
  return {
    rules: [
      ...opened.map((one) => ({ ...one, verdict: "accept" as const })),
      ...local.map((cidr) => ({ cidr, port: undefined, verdict: "reject" as const })),
      ...allow.map((one) => ({ ...one, verdict: "accept" as const })),
      ...drop.map((one) => ({ ...one, verdict: "reject" as const })),
    ],
    otherwise: onlyAllow ? "reject" : "accept",
  };
}

/** @returns `undefined` for what is none */
export function parseDestination(entry: string): Destination | undefined {
  const { host, digits } = partsOf(entry);
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  const cidr = networkOf(host);
  return cidr === undefined ? undefined : { cidr, port };
}

/** An IPv6 address or network stands in brackets where a port follows. */
function partsOf(entry: string): { readonly host: string; readonly digits: string | undefined } {
  const [, bracketed, port6] = /^\[([^\]]*:[^\]]*)\](?::(\d{1,5}))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { host: bracketed, digits: port6 };
  if (entry.split(":").length > 2) return { host: entry, digits: undefined };
  const [, host = "", port] = /^(.*?)(?::(\d{1,5}))?$/.exec(entry) ?? [];
  return { host, digits: port };
}

/** @returns the CIDR of an address or a network, of either family */
function networkOf(host: string): string | undefined {
  if (parseIpv4(host) !== undefined) return `${host}/32`;
  if (parseIpv6(host) !== undefined) return networkOf(`${host}/128`);
  const network = parseCidr(host);
  if (network) return cutCidr(network);
  const network6 = parseCidr6(host);
  return network6 && cutCidr6(network6);
}

function destinations(entries: readonly string[]): Destination[] {
  return entries.map((entry) => parseDestination(entry)).filter((one) => one !== undefined);
}

/** Who drops all of IPv4 means everything: lists may be older than the host's IPv6. */
function inBothFamilies(one: Destination): readonly Destination[] {
  return one.cidr === EVERYTHING ? [one, { ...one, cidr: "::/0" }] : [one];
}

function isInside({ cidr }: Destination, networks: readonly string[]): boolean {
  const [inner, inner6] = [parseCidr(cidr), parseCidr6(cidr)];
  return networks.some((network) => {
    const [outer, outer6] = [parseCidr(network), parseCidr6(network)];
    if (inner && outer) return contains(outer, inner);
    return inner6 !== undefined && outer6 !== undefined && contains6(outer6, inner6);
  });
}

function contains(outer: Cidr, inner: Cidr): boolean {
  const [first, last] = boundsOf(outer);
  const [innerFirst, innerLast] = boundsOf(inner);
  return first <= innerFirst && innerLast <= last;
}

/** @returns the network's CIDR with no bit set beyond its prefix */
export function cutCidr(network: Cidr): string {
  return `${formatIpv4(boundsOf(network)[0])}/${network.prefix}`;
}
