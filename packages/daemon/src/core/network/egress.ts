/**
 * What an isolated VM may reach: from lists as people write them to rules in order. Pure.
 *
 * Three kinds of destinations are told apart. The host itself and other VMs are closed, whatever
 * the lists say; that is not decided here. The local network (private ranges, link-local, and the
 * networks that the host's own interfaces are in) is closed but for entries that lie inside it:
 * "0.0.0.0/0" does not open it, "192.168.1.7:5432" does. The rest follows the lists.
 */

import { boundsOf, type Cidr, formatIpv4, parseCidr, parseIpv4 } from "#lib/ipv4.ts";

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
];

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
        `"${entry}" is no address, CIDR or address:port, such as 203.0.113.7, 10.0.0.0/8 or 1.1.1.1:53; names are not looked up`,
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
  const drop = destinations(policy.drop);
  const onlyAllow = allow.length > 0 && drop.length === 0;
  const servers = around.dns.map((address) => ({ cidr: `${address}/32`, port: 53 }));
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

/** @returns "IPv6" for what is well written but leads nowhere: isolated VMs have no IPv6 */
export function parseDestination(entry: string): Destination | "IPv6" | undefined {
  const [, host = "", digits] = /^(.*?)(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  const single = parseIpv4(host);
  const network = single === undefined ? parseCidr(host) : { address: single, prefix: 32 };
  if (network) return { cidr: cutCidr(network), port };
  return isIpv6(entry) ? "IPv6" : undefined;
}

function destinations(entries: readonly string[]): Destination[] {
  const parsed = entries.map((entry) => parseDestination(entry));
  return parsed.filter((one) => one !== undefined && one !== "IPv6");
}

function isInside({ cidr }: Destination, networks: readonly string[]): boolean {
  const inner = parseCidr(cidr);
  return networks.some((network) => {
    const outer = parseCidr(network);
    return inner !== undefined && outer !== undefined && contains(outer, inner);
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

/** An address, one in brackets with a port, or a CIDR. */
function isIpv6(entry: string): boolean {
  const [, bracketed, plain, prefix] =
    /^(?:\[([0-9a-f:.]+)\](?::\d{1,5})?|([0-9a-f:.]+)(?:\/(\d{1,3}))?)$/i.exec(entry) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined || Number(prefix ?? 0) > 128) return false;
  return URL.canParse(`http://[${address}]/`);
}
