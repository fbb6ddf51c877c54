/** What is on this host now: devices and namespaces of ours, and the networks that it is in. */

import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import path from "node:path";

import { isLocalToDaemon } from "#core/network/local-plan.ts";
import type { Families } from "#core/network/user-network.ts";
import { boundsOf, parseCidr } from "#lib/ipv4.ts";
import { contains6, parseCidr6 } from "#lib/ipv6.ts";

import { type Names, NAMESPACES } from "./names.ts";

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

const IPV6_SETTINGS = "/proc/sys/net/ipv6/conf";

/** Whether new devices can have IPv6 addresses. */
export function hasIpv6(settings = IPV6_SETTINGS): boolean {
  const scopes = ["all", "default"].map((scope) => path.join(settings, scope, "disable_ipv6"));
  return scopes.every((file) => existsSync(file) && readFileSync(file, "utf8").trim() === "0");
}

/** What the host speaks to the world: IPv6 where it has an address that leads beyond its own wires, and not only to VMs. */
export function hostFamilies(): Families {
  const speaksIpv6 = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ family, internal, address }) => {
      return (
        family === "IPv6" && !internal && !address.startsWith("fe80:") && !isLocalToDaemon(address)
      );
    });
  return speaksIpv6 ? "IPv4 and IPv6" : "IPv4";
}

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
