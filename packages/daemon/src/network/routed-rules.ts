/**
 * The packet filter for VMs that the host routes to, as nft reads it: parts of the host's own table, and one that
 * keeps its list of neighbours true (`arp`). Pure.
 *
 * Such guests belong to strangers. Nothing goes from one guest to another; the world reaches ports of
 * IPv4 that were redirected, and the guest's own address of IPv6.
 */

import { isLocalIpv6 } from "#core/network/routed-plan.ts";

import type { GuardedUsers } from "./host-guard.ts";
import type { PortTarget, RoutedGuest } from "./routed-guests.ts";

export interface RoutedRules {
  readonly guests: readonly RoutedGuest[];
  readonly targets: readonly PortTarget[];
  /** the one device that leads to the world; `undefined` is any that is not ours */
  readonly external: string | undefined;
  /** devices of other guests of ours, quoted, some ending in `*` */
  readonly otherGuests: readonly string[];
  /** whom QEMUs run as */
  readonly users: GuardedUsers;
}

/** names of what is read back after an earlier daemon */
export const REDIRECTS = "redirects";
export const REACHED6 = "reached6";
export const ROUTED_CHAIN = "routed_sources";

/** What a new connection to a guest may come from; anything before it in a chain has been let through. */
const BY_PORT = "meta l4proto . th dport";

/** clouds answer for their machines' secrets there, and no router forwards to it (RFC 3927); some have name servers there */
const LINK_LOCAL = "ip daddr 169.254.0.0/16 meta l4proto { tcp, udp } th dport != 53";

/** Sets and chains of the table `inet`, to be put into it as they are. */
export function routedChains(rules: RoutedRules): string {
  return [sets(rules), sources(), fromRouted(rules), toRouted(rules), redirecting(rules)].join(
    "\n",
  );
}

function sets({ guests, targets }: RoutedRules): string {
  const with6 = guests.flatMap(({ ipv6, ...guest }) => (ipv6 ? [{ ...guest, ipv6 }] : []));
  const sources6 = with6.flatMap(({ tap, mac, ipv6 }) =>
    [ipv6.address, ipv6.linkLocal].map((it) => `"${tap}" . ${mac} . ${it}`),
  );
  const reached6 = with6
    .filter(({ internet }) => internet)
    .map(({ tap, ipv6 }) => `"${tap}" . ${ipv6.address}`);
  return [
    named("set routed", "type ifname", tapsOf(guests)),
    named("set offline", "type ifname", tapsOf(guests.filter(({ internet }) => !internet))),
    named("set sources4", "typeof iifname . ether saddr . ip saddr", guests.map(source4)),
    named("set sources6", "typeof iifname . ether saddr . ip6 saddr", sources6),
    named(`set ${REACHED6}`, "typeof oifname . ip6 daddr", reached6),
    named(`map ${REDIRECTS}`, `typeof ${BY_PORT} : ip daddr . th dport`, targets.flatMap(mapped)),
  ].join("\n");
}

/** Before anything is looked up: a packet under another's address gets no further, nor what only routers say. */
function sources(): string {
  return `  chain ${ROUTED_CHAIN} {
    type filter hook prerouting priority raw; policy accept;
    iifname != @routed accept
    iifname . ether saddr . ip saddr @sources4 accept
    icmpv6 type { nd-router-advert, nd-redirect } drop
    iifname . ether saddr . ip6 saddr @sources6 accept
    drop
  }`;
}

function fromRouted({ external, otherGuests }: RoutedRules): string {
  return `  chain from_routed {
    ${FIT_SEGMENTS}
    ct state established,related accept
    oifname @routed goto refused
    oifname { ${otherGuests.join(", ")} } goto refused
    iifname @offline goto refused
${external === undefined ? "" : `    oifname != "${external}" goto refused`}
    ${LINK_LOCAL} goto refused
  }
  chain refused {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }`;
}

function toRouted({ external, otherGuests }: RoutedRules): string {
  return `  chain to_routed {
    ct state established,related accept
    iifname { ${otherGuests.join(", ")} } drop
${external === undefined ? "" : `    iifname != "${external}" drop`}
    ct status dnat accept
    oifname . ip6 daddr @${REACHED6} accept
    drop
  }`;
}

/** The host's own programs use its addresses as others do; QEMUs, behind which guests may be, do not. */
function redirecting({ external, otherGuests, users }: RoutedRules): string {
  const inside = ['"lo"', ...otherGuests].join(", ");
  const guard =
    external === undefined
      ? `    iifname { ${inside} } accept\n    iifname @routed accept`
      : `    iifname != "${external}" accept`;
  const act = `fib daddr type local dnat ip to ${BY_PORT} map @${REDIRECTS}`;
  return `  chain redirected {
    type nat hook prerouting priority dstnat; policy accept;
${guard}
    ${act}
  }
  chain redirected_here {
    type nat hook output priority -100; policy accept;
    meta skuid ${users.firstUid}-${users.lastUid} accept
    ip daddr 127.0.0.0/8 accept
    ${act}
  }`;
}

/** Lines for the chain after routing: a guest's address of IPv6 stays what it is where the world has a way back to it. */
export function routedTranslation(guests: readonly RoutedGuest[]): string {
  const addresses = guests.map(({ address }) => address);
  const local6 = guests.flatMap(({ ipv6 }) =>
    ipv6 && isLocalIpv6(ipv6.address) ? [ipv6.address] : [],
  );
  return [
    `    ip saddr { ${addresses.join(", ")} } masquerade`,
    ...(local6.length > 0 ? [`    ip6 saddr { ${local6.join(", ")} } masquerade`] : []),
  ].join("\n");
}

/** A guest says its own address only, or the host remembers neighbours that are none. */
export function arpRules(table: string, guests: readonly RoutedGuest[]): string {
  return `table arp ${table} {
${named("set routed", "type ifname", tapsOf(guests))}
${named("set sources", "typeof iifname . arp saddr ether . arp saddr ip", guests.map(source4))}
  chain input {
    type filter hook input priority filter; policy accept;
    iifname != @routed accept
    iifname . arp saddr ether . arp saddr ip @sources accept
    drop
  }
}`;
}

/** A guest behind a longer way than Ethernet's must not send segments that do not fit it. */
export const FIT_SEGMENTS = "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu";

function named(what: string, type: string, elements: readonly string[]): string {
  const line = elements.length === 0 ? "" : `    elements = { ${elements.join(", ")} }\n`;
  return `  ${what} {\n    ${type}\n${line}  }`;
}

function tapsOf(guests: readonly RoutedGuest[]): readonly string[] {
  return guests.map(({ tap }) => `"${tap}"`);
}

function source4({ tap, mac, address }: RoutedGuest): string {
  return `"${tap}" . ${mac} . ${address}`;
}

function mapped({ hostPort, vmPort, tcp, udp, address }: PortTarget): readonly string[] {
  const protocols = [...(tcp ? ["tcp"] : []), ...(udp ? ["udp"] : [])];
  return protocols.map((protocol) => `${protocol} . ${hostPort} : ${address} . ${vmPort}`);
}
