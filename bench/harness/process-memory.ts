/** What a process takes of the host's memory. */

import { readFile } from "node:fs/promises";

export interface ProcessMemory {
  /** what nobody else maps: gone when the process is, in MiB */
  readonly privateMiB: number;
  /** that, and its part of what it shares, in MiB */
  readonly proportionalMiB: number;
}

export async function memoryOf(pid: number): Promise<ProcessMemory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (name: string): number => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`/proc/${pid}/smaps_rollup does not say ${name}`);
    return Number(found);
  };
  return {
    privateMiB: (kib("Private_Clean") + kib("Private_Dirty")) / 1024,
    proportionalMiB: kib("Pss") / 1024,
  };
}

/** @returns memory that the host can still give, in MiB, by the kernel's own estimate */
export async function availableMiB(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8");
  const found = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  if (found === undefined) throw new Error("/proc/meminfo does not say MemAvailable");
  return Number(found) / 1024;
}
