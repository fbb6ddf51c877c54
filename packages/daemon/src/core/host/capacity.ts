/**
 * Whether one more VM fits: the only place that decides it.
 *
 * Memory and CPUs are promised when a VM gets a machine, whether or not the guest
 * touches them; disks grow as they are written, so only the space that is free now counts.
 */

import { GIB, humanBytes, MIB } from "#lib/bytes.ts";

import { AlcoveError, type HostResource } from "../errors.ts";

/** What a hypervisor process needs beside the guest's memory, in `MiB`: measured 15-25, rounded up for device buffers. */
export const VMM_OVERHEAD_MIB = 64;

export interface CapacityLimits {
  /** memory that is never promised to VMs, in `MiB` */
  readonly memoryReserveMiB: number;
  /** promised memory over physical memory: 1 never promises more than there is */
  readonly memoryOvercommit: number;
  /** vCPUs over physical CPUs */
  readonly cpuOvercommit: number;
  /** disk space that must stay free, in bytes */
  readonly diskReserveBytes: number;
  /** VMs known at once, in any phase */
  readonly maxVms: number;
}

/** What one VM holds, or wants. */
export interface Share {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

export interface HostSnapshot {
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly cpuCount: number;
  readonly diskFreeBytes: number;
}

/**
 * @param held the shares of all VMs that have a machine
 * @throws AlcoveError `no_capacity` that says which resource is short, and by how much
 */
export function admit(
  wanted: Share,
  held: readonly Share[],
  host: HostSnapshot,
  limits: CapacityLimits,
): void {
  admitMemory(wanted, held, host, limits);
  admitCpus(wanted, held, host, limits);
  if (host.diskFreeBytes < limits.diskReserveBytes) {
    throw short("disk", limits.diskReserveBytes, host.diskFreeBytes, humanBytes);
  }
}

/** What the largest machine may have that would be admitted, in each regard by itself; never below 0. */
export interface Room {
  readonly vcpus: number;
  /** of a guest, what its hypervisor needs subtracted already */
  readonly memoryBytes: number;
  /** beyond what must stay free */
  readonly diskBytes: number;
  readonly vms: number;
}

/** The other side of `admit`: what it would still let through. */
export function roomLeft(
  { held, known }: { readonly held: readonly Share[]; readonly known: number },
  host: HostSnapshot,
  limits: CapacityLimits,
): Room {
  const memory = unpromisedBytes(held, host, limits) - VMM_OVERHEAD_MIB * MIB;
  const isLeftAlone = host.memoryAvailableBytes >= leastAvailableBytes(limits);
  return {
    vcpus: freeCpus(held, host, limits),
    memoryBytes: isLeftAlone ? Math.max(0, Math.floor(memory)) : 0,
    diskBytes: Math.max(0, host.diskFreeBytes - limits.diskReserveBytes),
    vms: Math.max(0, limits.maxVms - known),
  };
}

/** @throws AlcoveError `no_capacity` when one more VM would be too many */
export function admitCount(known: number, limits: CapacityLimits): void {
  if (known >= limits.maxVms) throw short("vms", known + 1, limits.maxVms, String);
}

/**
 * Whether a file of `bytes` may be written.
 * @param promised what others are still writing, in bytes
 * @throws AlcoveError `no_capacity` when less than the reserve would be left
 */
export function admitFile(
  bytes: number,
  promised: number,
  diskFreeBytes: number,
  limits: CapacityLimits,
): void {
  const needed = bytes + limits.diskReserveBytes;
  const free = Math.max(0, diskFreeBytes - promised);
  if (needed > free) throw short("disk", needed, free, humanBytes);
}

function admitMemory(
  wanted: Share,
  held: readonly Share[],
  host: HostSnapshot,
  limits: CapacityLimits,
): void {
  const needed = (wanted.memoryMiB + VMM_OVERHEAD_MIB) * MIB;
  const unpromised = unpromisedBytes(held, host, limits);
  if (needed > unpromised) throw short("memory", needed, Math.max(0, unpromised), humanBytes);
  // Promises are kept only while other programs on the host leave the memory alone.
  const least = leastAvailableBytes(limits);
  if (host.memoryAvailableBytes < least) {
    throw short("memory", least, host.memoryAvailableBytes, humanBytes);
  }
}

function unpromisedBytes(
  held: readonly Share[],
  host: HostSnapshot,
  limits: CapacityLimits,
): number {
  const promised = sum(held, (share) => (share.memoryMiB + VMM_OVERHEAD_MIB) * MIB);
  return host.memoryTotalBytes * limits.memoryOvercommit - limits.memoryReserveMiB * MIB - promised;
}

function leastAvailableBytes({ memoryReserveMiB }: CapacityLimits): number {
  return Math.min(memoryReserveMiB * MIB, GIB);
}

function admitCpus(
  wanted: Share,
  held: readonly Share[],
  host: HostSnapshot,
  limits: CapacityLimits,
): void {
  const free = freeCpus(held, host, limits);
  if (wanted.vcpus > free) throw short("cpu", wanted.vcpus, free, String);
}

function freeCpus(held: readonly Share[], host: HostSnapshot, limits: CapacityLimits): number {
  const total = Math.floor(host.cpuCount * limits.cpuOvercommit);
  return Math.max(0, total - sum(held, (share) => share.vcpus));
}

function short(
  resource: HostResource,
  needed: number,
  available: number,
  show: (value: number) => string,
): AlcoveError<"no_capacity"> {
  const missing = show(Math.ceil(needed - available));
  const message = `Not enough ${WORDS[resource]} on this host: ${show(Math.ceil(needed))} needed, ${show(Math.floor(available))} free, ${missing} short`;
  return new AlcoveError("no_capacity", message, { resource, needed, available });
}

const WORDS: Record<HostResource, string> = {
  memory: "memory",
  cpu: "CPUs",
  disk: "disk space",
  addresses: "network addresses",
  vms: "room for VMs",
  layers: "room for layers under one disk",
};

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
