/**
 * The packet filter inside an isolated VM's namespace, as nft reads it. Pure.
 *
 * The guest's address is the same in every namespace; towards the host it becomes the link's. The
 * lists hold for the guest; a QEMU that was taken over runs here too and gets nothing out at all.
 */

import type { Egress, EgressRule } from "#core/network/egress.ts";
import { INSIDE, type Link } from "#core/network/isolated-plan.ts";

import { TAP_INSIDE, UPLINK_INSIDE } from "./names.ts";

export function namespaceRules(link: Link, egress: Egress): string {
  return `table inet alcove {
  chain sources {
    type filter hook prerouting priority raw; policy accept;
    iifname != "${TAP_INSIDE}" accept
    ether saddr ${INSIDE.mac} ip saddr ${INSIDE.guest} accept
    drop
  }
  chain inward {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${UPLINK_INSIDE}" ip daddr ${link.vm} dnat ip to ${INSIDE.guest}
  }
  chain outward {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${UPLINK_INSIDE}" snat ip to ${link.vm}
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
  }
  chain from_namespace {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
  }
}
`;
}

function ruleText({ cidr, port, verdict }: EgressRule): string {
  const which = port === undefined ? "" : ` meta l4proto { tcp, udp } th dport ${port}`;
  return `    ip daddr ${cidr}${which} ${verdict === "accept" ? "accept" : "goto refused"}`;
}
