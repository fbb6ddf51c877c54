/** Memory, CPUs and disk of this machine. */

import { readFile, statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";

import type { HostFacts } from "#core/ports/host-facts.ts";
import { KIB } from "#lib/bytes.ts";

/** @param diskPath a directory on the file system that holds the VMs' disks */
export function linuxFacts(diskPath: string): HostFacts {
  return {
    cpuCount: availableParallelism,
    async memory() {
      const meminfo = await readFile("/proc/meminfo", "utf8");
      return {
        totalBytes: kibibytes(meminfo, "MemTotal") * KIB,
        availableBytes: kibibytes(meminfo, "MemAvailable") * KIB,
      };
    },
    async disk() {
      const { blocks, bavail, bsize } = await statfs(diskPath);
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
    },
  };
}

function kibibytes(meminfo: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
  if (value === undefined) throw new Error(`/proc/meminfo has no line ${name}`);
  return Number(value);
}
