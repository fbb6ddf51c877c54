/**
 * What keeps bridged guests to their own addresses, as nft reads it: a table of the family `bridge`, with sets that
 * taps are admitted to and forgotten from. Pure.
 */

import { hexOfIpv6, parseIpv6 } from "#lib/ipv6.ts";

/** What one tap may send from. */
export interface TapSource {
  readonly tap: string;
  readonly mac: string;
  readonly address: string;
  /** bare addresses of IPv6; empty without it */
  readonly addresses6: readonly string[];
}

/**
 * Before the bridge learns anything: a frame under another's MAC or IP address never gets that far. Nor does
 * an answer for another's IPv6 address, or what only routers say. An IPv6 address is looked up by where it stands
 * in the packet (128 bits, 64 into either header), because nft has no name for the one that a neighbour answers for.
 */
export function sourceRules(table: string, taps: readonly TapSource[]): string {
  const names = taps.map(({ tap }) => `"${tap}"`).join(", ");
  const sources6 = taps.flatMap(sourceElements6);
  return `table bridge ${table} {
  set taps {
    type ifname
${when(taps.length > 0, `    elements = { ${names} }`)}
  }
  set sources {
    type ifname . ether_addr . ipv4_addr
${when(taps.length > 0, `    elements = { ${taps.map(sourceElement).join(", ")} }`)}
  }
  set sources6 {
    typeof iifname . ether saddr . @nh,64,128
${when(sources6.length > 0, `    elements = { ${sources6.join(", ")} }`)}
  }
  chain ipv6 {
    icmpv6 type { nd-router-advert, nd-redirect } drop
    icmpv6 type nd-neighbor-advert iifname . ether saddr . @th,64,128 @sources6 accept
    icmpv6 type nd-neighbor-advert drop
    accept
  }
  chain prerouting {
    type filter hook prerouting priority dstnat; policy accept;
    iifname != @taps accept
    ether type ip iifname . ether saddr . ip saddr @sources accept
    ether type arp iifname . ether saddr . arp saddr ip @sources iifname . arp saddr ether . arp saddr ip @sources accept
    ether type ip6 iifname . ether saddr . @nh,64,128 @sources6 goto ipv6
    drop
  }
}`;
}

export function admitTap(table: string, source: TapSource): string {
  return elements("add", table, source);
}

export function forgetTap(table: string, source: TapSource): string {
  // Added first, so that taking it away also works when it is not there.
  return `${elements("add", table, source)}\n${elements("delete", table, source)}`;
}

function elements(verb: "add" | "delete", table: string, source: TapSource): string {
  const sources6 = sourceElements6(source);
  return [
    `${verb} element bridge ${table} taps { "${source.tap}" }`,
    `${verb} element bridge ${table} sources { ${sourceElement(source)} }`,
    ...(sources6.length > 0
      ? [`${verb} element bridge ${table} sources6 { ${sources6.join(", ")} }`]
      : []),
  ].join("\n");
}

function sourceElement({ tap, mac, address }: TapSource): string {
  return `"${tap}" . ${mac} . ${address}`;
}

function sourceElements6({ tap, mac, addresses6 }: TapSource): readonly string[] {
  return addresses6.map((address) => {
    const number = parseIpv6(address);
    if (number === undefined) throw new Error(`invariant: a guest has an IPv6, not ${address}`);
    return `"${tap}" . ${mac} . 0x${hexOfIpv6(number)}`;
  });
}

function when(condition: boolean, text: string): string {
  return condition ? text : "";
}
