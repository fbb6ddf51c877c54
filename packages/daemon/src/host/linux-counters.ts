/** What this machine and its processes have used so far, as Linux counts it in /proc. */

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

import type { ProcessorTime, ProcessUse, UseCounters } from "#core/ports/use-counters.ts";

/** numbers of entries in a process's auxiliary vector */
const PAGE_SIZE = 6;
const TICKS_PER_SECOND = 17;

/** place of a value among those that follow the process's name in /proc/PID/stat */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const RESIDENT_PAGES = 21;

interface Units {
  readonly tickMs: number;
  readonly pageBytes: number;
}

export function linuxCounters(): UseCounters {
  const units = unitsIn(readFileSync("/proc/self/auxv"));
  return {
    async processors() {
      return processorTimeIn(await readFile("/proc/stat", "utf8"), units.tickMs);
    },
    async process(pid) {
      try {
        return processUseIn(await readFile(`/proc/${pid}/stat`, "utf8"), units);
      } catch {
        return undefined; // processes come and go
      }
    },
  };
}

/** For hypervisors whose machines are no processes. */
export function withoutProcesses(counters: UseCounters): UseCounters {
  return { processors: () => counters.processors(), process: async () => undefined };
}

/** @param auxv pairs of 64-bit numbers: what it is, and its value */
export function unitsIn(auxv: Buffer): Units {
  const pairs = new Map<bigint, number>();
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    pairs.set(auxv.readBigUInt64LE(at), Number(auxv.readBigUInt64LE(at + 8)));
  }
  const ticks = pairs.get(BigInt(TICKS_PER_SECOND)) ?? 100;
  return { tickMs: 1_000 / ticks, pageBytes: pairs.get(BigInt(PAGE_SIZE)) ?? 4_096 };
}

/** The first line sums up all processors: user, nice, system, idle, iowait, irq, softirq, steal; then guests, which user has already. */
export function processorTimeIn(stat: string, tickMs: number): ProcessorTime {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1] ?? "";
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...rest] = line.split(" ").map(Number);
  const [irq = 0, softIrq = 0, steal = 0] = rest;
  return {
    busyMs: (user + nice + system + irq + softIrq + steal) * tickMs,
    idleMs: (idle + wait) * tickMs,
  };
}

/** The name is in brackets, and may hold any character. */
export function processUseIn(stat: string, { tickMs, pageBytes }: Units): ProcessUse {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const numberAt = (index: number) => Number(fields[index] ?? 0);
  return {
    cpuMs: (numberAt(USER_TICKS) + numberAt(SYSTEM_TICKS)) * tickMs,
    residentBytes: numberAt(RESIDENT_PAGES) * pageBytes,
  };
}
