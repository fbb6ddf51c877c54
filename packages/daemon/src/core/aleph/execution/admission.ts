/**
 * Whether the host has room for one more VM: what it has, less what it has promised. Pure.
 *
 * Programs and instances have memory of their own; processors are promised several times over, disk never.
 */

import { MIB } from "#lib/bytes.ts";

import { diskMiBOf, type ExecutableContent } from "../message/content.ts";
import type { AdmissionSettings } from "../settings.ts";

export interface Need {
  readonly kind: ExecutableContent["kind"];
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
}

/** A VM or a reservation that counts. */
export interface Commitment extends Need {
  /** of what is asked for, what the host's disk has given already; 0 for a reservation */
  readonly diskUsedBytes: number;
}

export interface HostSize {
  readonly memoryBytes: number;
  /** logical ones */
  readonly cpus: number;
  /** where VMs' disks are */
  readonly diskFreeBytes: number;
}

/** What is missing; `required` and `available` are for the log. */
export interface Lack {
  readonly resource: "memory" | "vcpus" | "disk";
  readonly required: Omit<Need, "kind">;
  readonly available: Omit<Need, "kind">;
}

export function needOf(content: ExecutableContent): Need {
  const { vcpus, memoryMiB } = content.resources;
  return { kind: content.kind, vcpus, memoryMiB, diskMiB: diskMiBOf(content) };
}

/** @returns `undefined` when there is room */
export function lackOf(
  { kind, ...required }: Need,
  committed: readonly Commitment[],
  host: HostSize,
  settings: AdmissionSettings,
): Lack | undefined {
  const sameKind = committed.filter((other) => other.kind === kind);
  const available = {
    memoryMiB: memoryCapMiB(kind, host, settings) - sum(sameKind, ({ memoryMiB }) => memoryMiB),
    vcpus: Math.floor(host.cpus * settings.vcpuOvercommit) - sum(committed, ({ vcpus }) => vcpus),
    diskMiB: Math.floor(diskLeftBytes(committed, host.diskFreeBytes) / MIB),
  };
  const short = (resource: Lack["resource"]): Lack => ({ resource, required, available });
  if (required.memoryMiB > available.memoryMiB) return short("memory");
  if (required.vcpus > available.vcpus) return short("vcpus");
  return required.diskMiB > available.diskMiB ? short("disk") : undefined;
}

/** Bytes of disk that are neither used nor promised; never below 0. */
export function diskLeftBytes(committed: readonly Commitment[], freeBytes: number): number {
  const owed = sum(committed, ({ diskMiB, diskUsedBytes }) => diskMiB * MIB - diskUsedBytes);
  return Math.max(freeBytes - owed, 0);
}

function memoryCapMiB(kind: Need["kind"], host: HostSize, settings: AdmissionSettings): number {
  const { hostMemoryReservedMiB, programMemoryReservedMiB } = settings;
  if (kind === "program") return programMemoryReservedMiB;
  const physicalMiB = Math.floor(host.memoryBytes / MIB);
  return Math.max(physicalMiB - hostMemoryReservedMiB - programMemoryReservedMiB, 0);
}

function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}
