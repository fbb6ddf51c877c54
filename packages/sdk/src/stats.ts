/** What a guest uses, as the API says it: a node, and the snapshot that its meter took. */

import { isObject } from "./errors.ts";
import type { Resource } from "./resource.ts";
import { VM, type Vm } from "./resources.ts";

/** Sizes and totals in bytes, percentages from 0 to 100. */
export interface VmSnapshot {
  readonly hostname: string;
  readonly arch: string;
  /** RFC 3339 */
  readonly timestamp: string;
  /** as Go writes durations: `6m53s` */
  readonly uptime: string;
  readonly totalCpus: number;
  readonly totalMemory: number;
  readonly memoryUsed: number;
  readonly memoryAvailable: number;
  readonly memoryUsedPercent: number;
  readonly loadAvg1: number;
  readonly loadAvg5: number;
  readonly loadAvg15: number;
  readonly diskReadTotal: number;
  readonly diskWriteTotal: number;
  readonly diskIOInflight: number;
  readonly diskSpaceTotal: number;
  readonly diskSpaceUsed: number;
  readonly diskSpaceFree: number;
  readonly diskSpaceUsedPercent: number;
  readonly networkReadTotal: number;
  readonly networkWriteTotal: number;
  readonly openConnections: number;
  readonly openFiles: number;
  readonly entropy: number;
}

export interface VmStats extends Vm {
  /** `null` when the guest could not be read; `error` says why */
  readonly snapshot: VmSnapshot | null;
  readonly error?: string;
}

const TEXTS = ["hostname", "arch", "timestamp", "uptime"] as const;
const FIGURES = [
  "totalCpus",
  "totalMemory",
  "memoryUsed",
  "memoryAvailable",
  "memoryUsedPercent",
  "loadAvg1",
  "loadAvg5",
  "loadAvg15",
  "diskSpaceTotal",
  "diskSpaceUsed",
] as const;

export const VM_STATS: Resource<VmStats> = {
  what: "VM statistics",
  matches: (value): value is VmStats =>
    VM.matches(value) && "snapshot" in value && isSnapshot(value.snapshot),
};

function isSnapshot(value: unknown): boolean {
  if (value === null) return true;
  if (!isObject(value)) return false;
  return (
    TEXTS.every((name) => typeof value[name] === "string") &&
    FIGURES.every((name) => typeof value[name] === "number")
  );
}
