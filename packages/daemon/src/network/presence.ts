/** What is on this host now: devices and namespaces of ours, and the networks that it is in. */

import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import path from "node:path";

import { isLocalToDaemon } from "#core/network/local-plan.ts";
import type { RoutedNetwork } from "#core/network/network.ts";
import type { Families } from "#core/network/user-network.ts";
import { boundsOf, parseCidr } from "#lib/ipv4.ts";
import { contains6, parseCidr6 } from "#lib/ipv6.ts";

import { isMark, type Names, NAMESPACES } from "./names.ts";

const DEVICES = "/sys/class/net";

export interface Owned {
  readonly name: string;
  /** the VM's id, or what else it was marked with */
  readonly owner: string;
}

export function deviceExists(name: string): boolean {
  return existsSync(path.join(DEVICES, name));
}

export function namespaceExists(name: string): boolean {
  return existsSync(path.join(NAMESPACES, name));
}

export async function ownDevices(names: Names): Promise<readonly Owned[]> {
  const found = await Promise.all(
    (await namesIn(DEVICES)).map(async (name) => ({ name, owner: await ownerOf(name, names) })),
  );
  return found.flatMap(({ name, owner }) => (owner === undefined ? [] : [{ name, owner }]));
}

/** @returns whom of ours a device belongs to; `undefined` when it is not ours, or is not there */
export async function ownerOf(device: string, names: Names): Promise<string | undefined> {
  try {
    return names.ownerOf((await readFile(path.join(DEVICES, device, "ifalias"), "utf8")).trim());
  } catch {
    return undefined; // gone since it was listed, or no device but a file of the bonding driver
  }
}

export async function ownNamespaces(names: Names): Promise<readonly Owned[]> {
  return (await namesIn(NAMESPACES)).flatMap((name) => {
    const owner = names.vmOfNamespace(name);
    return owner === undefined ? [] : [{ name, owner }];
  });
}

/** A network of the host's, and the device that is in it. */
export interface HostNetwork {
  readonly device: string;
  /** the host's address there with the prefix length */
  readonly cidr: string;
}

/** Of both families, without the loopback. */
export function hostNetworks(): readonly HostNetwork[] {
  return Object.entries(networkInterfaces()).flatMap(([device, addresses = []]) =>
    addresses.flatMap(({ internal, cidr }) =>
      !internal && cidr !== null ? [{ device, cidr }] : [],
    ),
  );
}

/**
 * @param wanted both networks of a VM, in CIDR form, and its own device, which is in nobody's way
 * @returns a network of the host's that is in the way
 */
export function networkInWay(
  { tap, ipv4, ipv6 }: Pick<RoutedNetwork, "tap" | "ipv4" | "ipv6">,
  networks = hostNetworks(),
): HostNetwork | undefined {
  return networks.find(
    ({ device, cidr }) =>
      device !== tap && (overlap(cidr, ipv4.network) || isInside(cidr, ipv6.network)),
  );
}

/** The other way round is usual: a VM's addresses are part of what the host is in. */
function isInside(inner: string, outer: string): boolean {
  const [inner6, outer6] = [parseCidr6(inner), parseCidr6(outer)];
  return inner6 !== undefined && outer6 !== undefined && contains6(outer6, inner6);
}

const IPV6_SETTINGS = "/proc/sys/net/ipv6/conf";

/** Whether new devices can have IPv6 addresses. */
export function hasIpv6(settings = IPV6_SETTINGS): boolean {
  const scopes = ["all", "default"].map((scope) => path.join(settings, scope, "disable_ipv6"));
  return scopes.every((file) => existsSync(file) && readFileSync(file, "utf8").trim() === "0");
}

/** What the host speaks to the world: IPv6 where it has an address that leads beyond its own wires, and not only to VMs. */
export function hostFamilies(): Families {
  const speaksIpv6 = Object.entries(networkInterfaces()).some(([device, addresses = []]) =>
    addresses.some(({ family, internal, address }) => {
      if (family !== "IPv6" || internal || address.startsWith("fe80:")) return false;
      return !isLocalToDaemon(address) && !leadsToVm(device);
    }),
  );
  return speaksIpv6 ? "IPv4 and IPv6" : "IPv4";
}

/** Whether some daemon of ours, this one or another, has made a device. */
function leadsToVm(device: string): boolean {
  try {
    return isMark(readFileSync(path.join(DEVICES, device, "ifalias"), "utf8"));
  } catch {
    return false; // gone since it was listed
  }
}

/** @returns the device that leads to the world, if the host has a default route */
export function defaultDevice(family: "IPv4" | "IPv6", routes = ROUTES): string | undefined {
  const { file, device, metric, isDefault } = routes[family];
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  const found = lines.map((line) => line.trim().split(/\s+/)).filter(isDefault);
  found.sort((one, other) => metric(one) - metric(other));
  return found[0] && device(found[0]);
}

/** What the kernel says of its routes, a line each: /proc/net/route and /proc/net/ipv6_route. */
interface RouteTable {
  readonly file: string;
  readonly device: (columns: readonly string[]) => string | undefined;
  readonly metric: (columns: readonly string[]) => number;
  readonly isDefault: (columns: readonly string[]) => boolean;
}

const ROUTES: Readonly<Record<"IPv4" | "IPv6", RouteTable>> = {
  IPv4: {
    file: "/proc/net/route",
    device: ([name]) => name,
    metric: (columns) => Number(columns[6]),
    isDefault: (columns) => columns[1] === "00000000" && columns[7] === "00000000",
  },
  IPv6: {
    file: "/proc/net/ipv6_route",
    device: (columns) => columns[9],
    metric: (columns) => Number.parseInt(columns[5] ?? "", 16),
    // Where there is none, the kernel lists one to the loopback that refuses.
    isDefault: (columns) =>
      columns[0] === "0".repeat(32) && columns[1] === "00" && columns[9] !== "lo",
  },
};

/** Networks of different families do not. */
export function overlap(one: string, other: string): boolean {
  const [one6, other6] = [parseCidr6(one), parseCidr6(other)];
  if (one6 && other6) return contains6(one6, other6) || contains6(other6, one6);
  const [a, b] = [parseCidr(one), parseCidr(other)];
  if (!a || !b) return false;
  const [first, last] = boundsOf(a);
  const [otherFirst, otherLast] = boundsOf(b);
  return first <= otherLast && otherFirst <= last;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
