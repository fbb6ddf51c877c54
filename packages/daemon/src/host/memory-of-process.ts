/** What a process takes of the host's memory, as Linux accounts for it. */

import { readFile } from "node:fs/promises";

import type { MemoryUse, ProcessMemory } from "#core/ports/process-memory.ts";

export const linuxProcessMemory: ProcessMemory = {
  async of(pid) {
    try {
      return memoryUseIn(await readFile(`/proc/${pid}/smaps_rollup`, "utf8"));
    } catch {
      return undefined; // processes come and go, and may be another user's
    }
  },
};

/** For hypervisors whose machines are no processes. */
export const noProcessMemory: ProcessMemory = { of: async () => undefined };

/**
 * Not the kernel's own `Private_` and `Shared_`: those count who maps a page now. A template's page that only one VM
 * happens to have mapped is in the host's memory with that VM or without it, so only anonymous pages are a VM's own.
 */
export function memoryUseIn(rollup: string): MemoryUse | undefined {
  const [resident, proportional, own] = ["Rss", "Pss", "Anonymous"].map((name) =>
    bytesOf(rollup, name),
  );
  if (resident === undefined || proportional === undefined || own === undefined) return undefined;
  const shared = Math.max(0, resident - own);
  return { privateBytes: own, sharedBytes: shared, proportionalBytes: proportional };
}

function bytesOf(rollup: string, name: string): number | undefined {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(rollup)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
