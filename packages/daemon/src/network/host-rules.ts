/**
 * The host's packet filter for bridges and for the links of isolated VMs, as nft reads it. Pure.
 *
 * One table that routes and guards (`inet`), one that keeps bridged guests to their own addresses
 * (`bridge`). What an isolated VM may reach is decided in its own namespace; here stands what
 * holds for all of them, and for whoever breaks out of one: nothing comes in unasked but from the host,
 * and the way to the host and to other VMs is closed. What VMs need that the host routes to is in routed-rules.ts.
 */

import type { GuardedUsers } from "./host-guard.ts";
import type { PortTarget, RoutedGuest } from "./routed-guests.ts";
import { arpRules, FIT_SEGMENTS, routedChains, routedTranslation } from "./routed-rules.ts";
import { sourceRules, type TapSource } from "./tap-rules.ts";

export interface BridgedNetwork {
  /** name of the device */
  readonly bridge: string;
  /** CIDR */
  readonly network: string;
}

export interface HostRules {
  readonly table: string;
  /** fits the host's ends of the isolated VMs' links */
  readonly linkPattern: string;
  readonly bridges: readonly BridgedNetwork[];
  /** ranges of isolated networks, CIDRs */
  readonly ranges: readonly string[];
  /** that all local IPv6 addresses of this daemon are in, CIDR */
  readonly localNetwork: string;
  readonly taps: readonly TapSource[];
  /** whether a table `arp` may be there; not every kernel has that family */
  readonly hasArp: boolean;
  /** VMs that the host routes to, and its ports that lead to them */
  readonly routed: readonly RoutedGuest[];
  readonly targets: readonly PortTarget[];
  /** the one device by which those reach the world; `undefined` is any that is not ours */
  readonly external: string | undefined;
  /** whether guests may reach the host's own services */
  readonly guestToHost: "deny" | "allow";
  /** whom QEMUs run as: guests of user networks speak as them, and are guests here, too */
  readonly users: GuardedUsers;
}

/** The whole of it; loading it again replaces what there was, in one step. */
export function hostRules(rules: HostRules): string {
  const { table } = rules;
  const isRouted = rules.routed.length > 0;
  return `${noRules(table, rules.hasArp || isRouted)}
table inet ${table} {
${forwarding(rules)}
${toHost(rules)}
${fromHost(rules)}
${translation(rules)}
${section(isRouted, () => routedChains({ ...rules, guests: rules.routed, otherGuests: otherGuests(rules) }))}
}
${section(rules.bridges.length > 0, () => sourceRules(table, rules.taps))}
${section(isRouted, () => arpRules(table, rules.routed))}
`;
}

/** devices of all guests that have no route of their own */
function otherGuests({ linkPattern, bridges }: HostRules): readonly string[] {
  return [`"${linkPattern}"`, ...bridges.map(({ bridge }) => `"${bridge}"`)];
}

/** Removes the tables, there or not. @param hasArp whether that of routed VMs may be there */
export function noRules(table: string, hasArp: boolean): string {
  return ["inet", "bridge", ...(hasArp ? ["arp"] : [])]
    .flatMap((family) => [`add table ${family} ${table}`, `delete table ${family} ${table}`])
    .join("\n");
}

function forwarding({ linkPattern, bridges, routed }: HostRules): string {
  const names = quoted(bridges);
  const ifRouted = (text: string) => lines(routed.length > 0, `    ${text}`);
  return `  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "${linkPattern}" jump from_isolated
${ifRouted("iifname @routed jump from_routed")}
    oifname "${linkPattern}" ct state established,related accept
    oifname "${linkPattern}" drop
${ifRouted("oifname @routed jump to_routed")}
${lines(names !== "", `    iifname { ${names} } ${FIT_SEGMENTS}`)}
  }
  chain from_isolated {
    oifname "${linkPattern}" drop
    ct state established,related accept
${lines(names !== "", `    oifname { ${names} } drop`)}
    ${FIT_SEGMENTS}
  }`;
}

/** IPv6 finds its neighbours by these; the kernel takes them from the same wire only. */
export const NEIGHBOURS = "nd-neighbor-solicit, nd-neighbor-advert";

const REFUSE = `    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited`;

function toHost({ linkPattern, bridges, routed, guestToHost }: HostRules): string {
  if (guestToHost === "allow") return "";
  const names = quoted(bridges);
  return `  chain input {
    type filter hook input priority filter; policy accept;
    iifname "${linkPattern}" jump isolated_to_host
${lines(names !== "", `    iifname { ${names} } jump bridged_to_host`)}
${lines(routed.length > 0, "    iifname @routed jump bridged_to_host")}
  }
  chain isolated_to_host {
    ct state established,related accept
    icmpv6 type { ${NEIGHBOURS} } accept
${REFUSE}
  }
  chain bridged_to_host {
    ct state established,related accept
    icmp type echo-request accept
    icmpv6 type { echo-request, ${NEIGHBOURS} } accept
    meta l4proto { tcp, udp } th dport 53 accept
${REFUSE}
  }`;
}

/** The host may dial isolated and routed VMs; a guest that borrows its sockets may not. */
function fromHost({ linkPattern, routed, users }: HostRules): string {
  return `  chain output {
    type filter hook output priority filter; policy accept;
    oifname "${linkPattern}" jump host_to_guest
${lines(routed.length > 0, "    oifname @routed jump host_to_guest")}
  }
  chain host_to_guest {
    meta skuid != ${users.firstUid}-${users.lastUid} accept
    ct state established,related accept
    icmpv6 type { ${NEIGHBOURS} } accept
${REFUSE}
  }`;
}

/** Guests appear outside under the host's address; among each other and to the host they keep theirs. */
function translation(rules: HostRules): string {
  const { linkPattern, bridges, ranges, localNetwork, routed } = rules;
  const networks = [...bridges.map(({ network }) => network), ...ranges];
  const names = quoted(bridges);
  return `  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${linkPattern}" accept
${lines(routed.length > 0, "    oifname @routed accept")}
${lines(names !== "", `    oifname { ${names} } accept`)}
${lines(networks.length > 0, `    ip saddr { ${networks.join(", ")} } masquerade`)}
    ip6 saddr ${localNetwork} masquerade
${section(routed.length > 0, () => routedTranslation(routed))}
  }`;
}

function quoted(bridges: readonly BridgedNetwork[]): string {
  return [...new Set(bridges.map(({ bridge }) => `"${bridge}"`))].join(", ");
}

function section(condition: boolean, text: () => string): string {
  return condition ? text() : "";
}

function lines(when: boolean, text: string): string {
  return when ? text : "";
}
