/** `host_groups[].network`: how the VMs of a group are connected. */

import { bridgePlan } from "#core/network/bridge-plan.ts";
import { policyProblems } from "#core/network/egress.ts";
import type { BridgeNetwork, GroupNetwork, IsolatedNetwork } from "#core/network/network.ts";
import { boundsOf, formatIpv4, parseCidr, parseIpv4 } from "#lib/ipv4.ts";

import type { Item, MapReader } from "./map-reader.ts";

/** Alcove's own two beside Slicer's. */
const MODES = ["bridge", "isolated", "user", "none", "macvtap", "nat"] as const;

/** What other modes would silently ignore: a list that blocks nothing must not look as if it did. */
const KEYS_OF_MODES: Readonly<Record<string, readonly string[]>> = {
  bridge: ["bridge", "tap_prefix", "gateway", "addresses", "range"],
  isolated: ["range", "allow", "drop"],
  user: [],
  none: [],
};
const KEYS = ["bridge", "tap_prefix", "gateway", "addresses", "range", "drop", "allow", "parent"];

/** what Linux takes as the name of a device */
const INTERFACE = /^[a-zA-Z0-9_.-]{1,15}$/;
/** a number of at least one digit must still fit behind it */
const TAP_PREFIX = /^[a-zA-Z0-9_.-]{1,14}$/;

/** more could not be in use at once */
const MAX_ADDRESSES = 4096;
/** shortest and longest prefix of a bridge's network: two guests must fit */
const [WIDEST, NARROWEST] = [8, 29];
/** an isolated VM's own network is a /30 */
const SLOT_PREFIX = 30;

/** @returns the network; where something is wrong with it, that was said and any other is returned */
export function networkFrom(block: MapReader): GroupNetwork {
  const mode = block.oneOf("mode", MODES) ?? "bridge";
  for (const key of KEYS) {
    if (!block.isGiven(key) || !(mode in KEYS_OF_MODES)) continue;
    if (!KEYS_OF_MODES[mode]?.includes(key)) block.problem(key, `means nothing in mode ${mode}`);
  }
  if (mode === "macvtap" || mode === "nat") {
    block.problem("mode", `is ${mode}, which Alcove has not: use bridge, isolated, user or none`);
  }
  if (mode === "bridge") return bridgeFrom(block);
  return mode === "isolated" ? isolatedFrom(block) : { mode: mode === "user" ? "user" : "none" };
}

function bridgeFrom(block: MapReader): BridgeNetwork {
  const bridge = block.text("bridge");
  const tapPrefix = block.text("tap_prefix");
  if (bridge !== undefined && !INTERFACE.test(bridge)) {
    block.problem("bridge", "must be 1 to 15 letters, digits, dots, dashes or underscores");
  }
  if (tapPrefix !== undefined && !TAP_PREFIX.test(tapPrefix)) {
    block.problem("tap_prefix", "must be 1 to 14 letters, digits, dots, dashes or underscores");
  }
  const network = { mode: "bridge", bridge, tapPrefix, gateway: gatewayFrom(block) } as const;
  return { ...network, addresses: addressesFrom(block, { ...network, addresses: [] }) };
}

/** @returns `undefined` for the default one, also when the one given is wrong */
function gatewayFrom(block: MapReader): string | undefined {
  const text = block.text("gateway");
  if (text === undefined) return undefined;
  const cidr = parseCidr(text);
  if (!cidr || cidr.prefix < WIDEST || cidr.prefix > NARROWEST) {
    const example = "the host's address with a prefix length, such as 192.168.137.1/24";
    block.problem("gateway", `is "${text}"; it must be ${example}`);
    return undefined;
  }
  const [first, last] = boundsOf(cidr);
  if (cidr.address > first && cidr.address < last) return text;
  block.problem("gateway", `is ${text}, which is no host's address in that network`);
  return undefined;
}

function addressesFrom(block: MapReader, network: BridgeNetwork): readonly string[] {
  const single = block.texts("addresses");
  const range = block.text("range");
  if (single.length > 0 && range !== undefined) {
    block.problem("range", "and addresses both name the guests' addresses: give one of them");
  }
  const numbers =
    range === undefined
      ? single.flatMap((item) => addressFrom(block, item))
      : rangeFrom(block, range);
  checkInside(block, { key: range === undefined ? "addresses" : "range", numbers, network });
  return numbers.map(formatIpv4);
}

/** with or without a prefix length */
function addressFrom(block: MapReader, { text }: Item): readonly number[] {
  const address = parseIpv4(text) ?? parseCidr(text)?.address;
  if (address !== undefined) return [address];
  block.problem("addresses", `holds "${text}", which is no IPv4 address`);
  return [];
}

function rangeFrom(block: MapReader, text: string): readonly number[] {
  const [from, to, ...more] = text.split("-").map((part) => parseIpv4(part.trim()));
  if (from === undefined || to === undefined || more.length > 0 || from > to) {
    const example = "two addresses such as 192.168.137.10-192.168.137.99, the lower one first";
    block.problem("range", `is "${text}"; it must be ${example}`);
    return [];
  }
  const count = to - from + 1;
  if (count > MAX_ADDRESSES) {
    block.problem("range", `holds ${count} addresses; at most ${MAX_ADDRESSES} can be in use`);
    return [];
  }
  return Array.from({ length: count }, (_, index) => from + index);
}

interface Pool {
  /** key that it was read from */
  readonly key: string;
  readonly numbers: readonly number[];
  readonly network: BridgeNetwork;
}

function checkInside(block: MapReader, { key, numbers, network }: Pool): void {
  const { gateway, prefix, network: whole } = bridgePlan(network);
  const own = parseIpv4(gateway) ?? 0;
  const [first, last] = boundsOf({ address: own, prefix });
  const outside = numbers.find((it) => it <= first || it >= last);
  if (outside !== undefined) {
    block.problem(key, `holds ${formatIpv4(outside)}, which no guest can have in ${whole}`);
  }
  if (numbers.includes(own)) block.problem(key, "holds the gateway's own address");
  if (new Set(numbers).size < numbers.length) block.problem(key, "names an address twice");
}

function isolatedFrom(block: MapReader): IsolatedNetwork {
  const range = block.text("range");
  const cidr = range === undefined ? undefined : parseCidr(range);
  if (
    range !== undefined &&
    (!cidr || cidr.prefix > SLOT_PREFIX || boundsOf(cidr)[0] !== cidr.address)
  ) {
    const example = `a network of at most /${SLOT_PREFIX}, such as 169.254.100.0/22`;
    block.problem("range", `is "${range}"; in mode isolated it must be ${example}`);
  }
  return {
    mode: "isolated",
    range,
    allow: policyFrom(block, "allow"),
    drop: policyFrom(block, "drop"),
  };
}

function policyFrom(block: MapReader, key: "allow" | "drop"): readonly string[] {
  const entries = block.texts(key).map(({ text }) => text.trim());
  for (const problem of policyProblems(entries))
    block.problem(key, `holds what it cannot: ${problem}`);
  return entries;
}
