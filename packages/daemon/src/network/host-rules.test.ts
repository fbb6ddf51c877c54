/** The rules as the kernel takes them, in a namespace that is gone with the test; what they do is tried in e2e. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { egressFor } from "#core/network/egress.ts";
import { linkOf } from "#core/network/isolated-plan.ts";
import { localLink } from "#core/network/local-plan.ts";
import { runText } from "#process/run.ts";
import { never } from "#testing/fake-host.ts";

import { type HostRules, hostRules, noRules } from "./host-rules.ts";
import { namespaceRules } from "./namespace-rules.ts";
import type { PortTarget, RoutedGuest } from "./routed-guests.ts";
import { admitTap, forgetTap } from "./tap-rules.ts";

const TAP = {
  tap: "tap1",
  mac: "02:00:00:00:00:01",
  address: "10.9.0.2",
  addresses6: ["fda1:c012:3456:1::a09:2", "fe80::ff:fe00:1"],
};
const RULES: HostRules = {
  table: "alcove_net_test",
  linkPattern: "alctestv*",
  bridges: [{ bridge: "br1", network: "10.9.0.0/24" }],
  ranges: ["10.7.0.0/22"],
  localNetwork: "fda1:c012:3456::/48",
  taps: [TAP],
  hasArp: false,
  routed: [],
  targets: [],
  external: undefined,
  guestToHost: "deny",
  users: { firstUid: 400_000, lastUid: 400_063 },
};

const GUESTS: readonly RoutedGuest[] = [
  {
    id: "one",
    tap: "vmtap4",
    mac: "02:00:00:00:00:04",
    address: "172.16.4.2",
    ipv6: { address: "fc00:1:2:3:3:deca:deca:dec1", linkLocal: "fe80::ff:fe00:4" },
    internet: true,
  },
  {
    id: "two",
    tap: "vmtap5",
    mac: "02:00:00:00:00:05",
    address: "172.16.5.2",
    ipv6: undefined,
    internet: false,
  },
];
const TARGETS: readonly PortTarget[] = [
  { address: "172.16.4.2", hostPort: 24_000, vmPort: 22, tcp: true, udp: false },
  { address: "172.16.4.2", hostPort: 24_001, vmPort: 53, tcp: true, udp: true },
];

const LINK = linkOf("10.7.0.2");
const ENDS = { link: LINK, link6: localLink("123456", LINK) };

/** without root, as root of a user namespace of its own */
const ownNetwork = process.getuid?.() === 0 ? ["--net"] : ["--map-root-user", "--net"];

/** @returns the rules that stand after all of `texts` were loaded, one after the other */
async function loaded(...texts: readonly string[]): Promise<string> {
  const input = texts.map((text) => `nft -f - <<'END'\n${text}\nEND\n`).join("");
  const script = `set -e\n${input}nft list ruleset\n`;
  return runText({ file: "unshare", args: [...ownNetwork, "/bin/sh", "-s"], input: script }, never);
}

test("host rules: the kernel takes them, and loading them again changes nothing", async () => {
  const once = await loaded(hostRules(RULES));
  assert.equal(await loaded(hostRules(RULES), hostRules(RULES)), once);
  assert.match(once, /"tap1" \. 02:00:00:00:00:01 \. 10\.9\.0\.2/);
  assert.match(once, /"tap1" \. 02:00:00:00:00:01 \. 0xfda1c01234560001000000000a090002/);
});

test("host rules: without bridges, ranges or taps they are still rules", async () => {
  const isolated = await loaded(hostRules({ ...RULES, bridges: [], taps: [] }));
  assert.doesNotMatch(isolated, /table bridge/);
  const bridged = await loaded(hostRules({ ...RULES, ranges: [], taps: [] }));
  assert.match(bridged, /table bridge alcove_net_test/);
});

test("host rules: guests that may reach the host meet no rule on their way to it", async () => {
  const open = await loaded(hostRules({ ...RULES, guestToHost: "allow" }));
  assert.doesNotMatch(open, /hook input/);
});

test("host rules: a tap is admitted and forgotten, also when it was not there", async () => {
  const before = await loaded(hostRules({ ...RULES, taps: [] }));
  const { table, taps, ...rest } = RULES;
  const admitted = await loaded(hostRules({ ...rest, table, taps: [] }), admitTap(table, TAP));
  assert.equal(admitted, await loaded(hostRules({ ...rest, table, taps })));
  const forgotten = await loaded(hostRules({ ...rest, table, taps: [] }), forgetTap(table, TAP));
  assert.equal(forgotten, before);
});

test("host rules: the kernel takes those of routed guests, whatever else there is", async () => {
  const routed = { ...RULES, routed: GUESTS, targets: TARGETS };
  const all = await loaded(hostRules(routed));
  assert.equal(await loaded(hostRules(routed), hostRules(routed)), all);
  assert.match(all, /tcp \. 24000 : 172\.16\.4\.2 \. 22/);
  assert.match(all, /udp \. 24001 : 172\.16\.4\.2 \. 53/);
  assert.match(all, /"vmtap5" \. 02:00:00:00:00:05 \. 172\.16\.5\.2/);
  const alone = await loaded(hostRules({ ...routed, bridges: [], ranges: [], taps: [] }));
  assert.match(alone, /table arp alcove_net_test/);
  const bound = await loaded(hostRules({ ...routed, external: "eth0" }));
  assert.match(bound, /chain redirected \{[^}]*iifname != "eth0" accept/);
  const without = await loaded(hostRules({ ...routed, routed: GUESTS.slice(1), targets: [] }));
  assert.doesNotMatch(without, /elements = \{ tcp/);
});

test("host rules: a guest that may not reach the world is not reached over IPv6 either", async () => {
  const [one] = GUESTS;
  assert.ok(one);
  const reached = /set reached6 \{\s+typeof oifname \. ip6 daddr\s+elements/;
  assert.match(await loaded(hostRules({ ...RULES, routed: [one] })), reached);
  const offline = { ...one, internet: false };
  assert.doesNotMatch(await loaded(hostRules({ ...RULES, routed: [offline] })), reached);
});

test("host rules: an address of IPv6 that the world knows is not translated", async () => {
  const [one] = GUESTS;
  assert.ok(one);
  const translated = /ip6 saddr fc00:1:2:3:3:deca:deca:dec1 masquerade/;
  assert.match(await loaded(hostRules({ ...RULES, routed: [one] })), translated);
  const ipv6 = { address: "2001:db8:7::dec1", linkLocal: "fe80::ff:fe00:4" };
  const known = await loaded(hostRules({ ...RULES, routed: [{ ...one, ipv6 }] }));
  assert.doesNotMatch(known, /2001:db8:7::dec1 masquerade/);
  assert.match(known, /ip saddr 172\.16\.4\.2 masquerade/);
});

test("host rules: removing them leaves nothing, twice too", async () => {
  const { table } = RULES;
  const rules = { ...RULES, routed: GUESTS, targets: TARGETS };
  assert.equal(await loaded(hostRules(rules), noRules(table, true), noRules(table, true)), "");
});

test("namespace rules: without IPv6 nothing is said of it but what must not be reached", async () => {
  const egress = egressFor({ allow: [], drop: [] }, { hostNetworks: [], dns: [] });
  const rules = await loaded(namespaceRules({ link: LINK, link6: undefined }, egress));
  assert.doesNotMatch(rules, /ip6 saddr|ip6 to|icmpv6/);
});

test("namespace rules: the kernel takes them, in the order of the lists", async () => {
  const policy = { allow: ["203.0.113.7:443", "[2001:db8::7]:443"], drop: ["0.0.0.0/0"] };
  const egress = egressFor(policy, { hostNetworks: ["198.51.100.1/24"], dns: ["1.1.1.1"] });
  const rules = await loaded(namespaceRules(ENDS, egress));
  const chain = rules.slice(rules.indexOf("chain egress"), rules.indexOf("chain refused"));
  const [allowed, dropped] = ["203.0.113.7 meta l4proto", "0.0.0.0/0 goto"].map((it) =>
    chain.indexOf(it),
  );
  assert.ok(
    allowed !== undefined && dropped !== undefined && allowed > 0 && allowed < dropped,
    chain,
  );
  assert.match(rules, /iifname "up0" ip daddr 10\.7\.0\.2 dnat ip to 10\.232\.0\.2/);
  assert.match(rules, /iifname "up0" ip6 daddr fda1:c012:3456:ffff::a07:2 dnat ip6 to fd00:/);
  assert.match(chain, /ip6 daddr 2001:db8::7 meta l4proto \{ tcp, udp \} th dport 443 accept/);
});
