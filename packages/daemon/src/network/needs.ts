/** What bridge and isolated networks need of a host, besides root. */

import { existsSync } from "node:fs";
import path from "node:path";

import { TOOL_ENV } from "#process/run.ts";

const TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ["ip", "iproute2"],
  ["nft", "nftables"],
  ["nsenter", "util-linux"],
  ["perl", "perl-base"],
];

const TUN_DEVICE = "/dev/net/tun";

/** @returns what is not there, a phrase each with what brings it; empty when nothing is missing */
export function missingForNetworks(): readonly string[] {
  const programs = TOOLS.filter(([program]) => !isInstalled(program));
  return [
    ...programs.map(([program, debianPackage]) => `${program} (apt-get install ${debianPackage})`),
    ...(existsSync(TUN_DEVICE) ? [] : [`${TUN_DEVICE} (modprobe tun)`]),
  ];
}

function isInstalled(program: string): boolean {
  const directories = (TOOL_ENV["PATH"] ?? "").split(path.delimiter);
  return directories.some((directory) => existsSync(path.join(directory, program)));
}
