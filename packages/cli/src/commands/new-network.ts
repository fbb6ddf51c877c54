/** How the VMs of a new configuration are connected. */

import { isIPv4 } from "node:net";

import { type Command, Option } from "commander";

import { UsageError } from "../failure.ts";
import { collect } from "../launch-options.ts";
import type { YamlValue } from "../yaml-text.ts";

export interface NetworkFlags {
  readonly net: "bridge" | "isolated" | "user" | "none";
  readonly bridge?: string;
  readonly tapPrefix?: string;
  readonly cidr?: string;
  readonly range?: string;
  readonly address?: readonly string[];
  readonly isolatedRange?: string;
  readonly allow?: readonly string[];
  readonly drop?: readonly string[];
}

export function withNetworkFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--net <mode>", "how VMs are connected")
        .choices(["bridge", "isolated", "user", "none"])
        .default("user"),
    )
    .option("--bridge <device>", "bridge: its name")
    .option("--tap-prefix <text>", "bridge: begins the names of the VMs' devices")
    .option("--cidr <network>", "bridge: the host's address in it, such as 192.168.137.1/24")
    .option("--range <from-to>", "bridge: addresses for VMs")
    .option("--address <address>", "bridge: an address for a VM (repeat)", collect)
    .option("--isolated-range <network>", "isolated: network for the VMs' own ones")
    .option("--allow <address>", "isolated: CIDR or host:port VMs may reach (repeat)", collect)
    .option("--drop <address>", "isolated: CIDR or host:port VMs may not reach (repeat)", collect);
}

const FLAGS_OF_MODES: Readonly<Record<NetworkFlags["net"], readonly (keyof NetworkFlags)[]>> = {
  bridge: ["bridge", "tapPrefix", "cidr", "range", "address"],
  isolated: ["isolatedRange", "allow", "drop"],
  user: [],
  none: [],
};

/** A flag of another mode would be a promise that nobody keeps. */
export function networkOf(flags: NetworkFlags): YamlValue {
  const { net } = flags;
  for (const [mode, names] of Object.entries(FLAGS_OF_MODES)) {
    const stray = mode === net ? undefined : names.find((name) => flags[name] !== undefined);
    if (stray === undefined) continue;
    const flag = stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${flag} is for --net ${mode}, and this is ${net}`);
  }
  return {
    mode: net,
    bridge: flags.bridge,
    tap_prefix: flags.tapPrefix,
    gateway: flags.cidr && hostIn(flags.cidr),
    range: flags.range ?? flags.isolatedRange,
    addresses: flags.address,
    allow: flags.allow,
    drop: flags.drop,
  };
}

/**
 * The host's address in a bridge's network: the one given, or the first where the network itself is
 * given. A prefix is 8 to 29 bits long, as the daemon has it.
 */
function hostIn(cidr: string): string {
  const [, address = "", prefix] = /^([\d.]+)\/(\d{1,2})$/.exec(cidr) ?? [];
  const bits = Number(prefix);
  if (!isIPv4(address) || !(bits >= 8 && bits <= 29)) {
    throw new UsageError(
      `--cidr ${cidr}: write the host's address with a prefix of 8 to 29, such as 192.168.137.1/24`,
    );
  }
  const octets = address.split(".").map(Number);
  const asNumber = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - bits);
  const place = asNumber % size;
  if (place === size - 1) {
    throw new UsageError(`--cidr ${cidr}: that is the network's broadcast address, no host's`);
  }
  // A network's address ends in zero bits, and its last octet is even: the first host is one more.
  const host = place === 0 ? [...octets.slice(0, 3), (octets[3] ?? 0) + 1] : octets;
  return `${host.join(".")}/${bits}`;
}
