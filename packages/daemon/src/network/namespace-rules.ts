/**
 * The packet filter inside an isolated VM's namespace, as nft reads it. Pure.
 *
 * The guest's address is the same in every namespace; towards the host it becomes the link's. The
 * lists hold for the guest; a QEMU that was taken over runs here too and gets nothing out at all.
 */

import type { Egress, EgressRule } from "#core/network/egress.ts";
import { INSIDE } from "#core/network/isolated-plan.ts";
import { INSIDE_IPV6, INSIDE_SOURCES } from "#core/network/local-plan.ts";

import type { LinkEnds } from "./devices.ts";
import { NEIGHBOURS } from "./host-rules.ts";
import { TAP_INSIDE, UPLINK_INSIDE } from "./names.ts";

export function namespaceRules({ link, link6 }: LinkEnds, egress: Egress): string {
  const ipv6 = (text: string) => (link6 ? `    ${text}` : "");
  return `table inet alcove {
  chain sources {
    type filter hook prerouting priority raw; policy accept;
    iifname != "${TAP_INSIDE}" accept
    ether saddr ${INSIDE.mac} ip saddr ${INSIDE.guest} accept
${ipv6(`ether saddr ${INSIDE.mac} ip6 saddr { ${INSIDE_SOURCES.join(", ")} } accept`)}
    drop
  }
  chain inward {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${UPLINK_INSIDE}" ip daddr ${link.vm} dnat ip to ${INSIDE.guest}
${ipv6(`iifname "${UPLINK_INSIDE}" ip6 daddr ${link6?.vm} dnat ip6 to ${INSIDE_IPV6.address}`)}
  }
  chain outward {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${UPLINK_INSIDE}" snat ip to ${link.vm}
${ipv6(`oifname "${UPLINK_INSIDE}" ip6 saddr ${INSIDE_IPV6.address} snat ip6 to ${link6?.vm}`)}
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "${UPLINK_INSIDE}" oifname "${TAP_INSIDE}" accept
    iifname "${TAP_INSIDE}" oifname "${UPLINK_INSIDE}" jump egress
  }
  chain egress {
${egress.rules.map(ruleText).join("\n")}
    ${egress.otherwise === "accept" ? "accept" : "goto refused"}
  }
  chain refused {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain to_namespace {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "${TAP_INSIDE}" icmp type echo-request accept
${ipv6(`icmpv6 type { ${NEIGHBOURS} } accept`)}
${ipv6(`iifname "${TAP_INSIDE}" icmpv6 type echo-request accept`)}
  }
  chain from_namespace {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
${ipv6(`icmpv6 type { ${NEIGHBOURS} } accept`)}
  }
}
`;
}

function ruleText({ cidr, port, verdict }: EgressRule): string {
  const which = port === undefined ? "" : ` meta l4proto { tcp, udp } th dport ${port}`;
  const family = cidr.includes(":") ? "ip6" : "ip";
  return `    ${family} daddr ${cidr}${which} ${verdict === "accept" ? "accept" : "goto refused"}`;
}
