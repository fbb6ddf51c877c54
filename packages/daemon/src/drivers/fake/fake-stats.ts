/** What a fake guest's meter reads. */

import type { GuestStats } from "#core/ports/guest-link.ts";
import { MIB } from "#lib/bytes.ts";

import type { FakeGuest } from "./fake-guest.ts";

/** What can be known of a guest that does nothing; the rest is zero. */
export function statsOf(guest: FakeGuest, processes: number): GuestStats {
  const { plan, files } = guest;
  const totalMemory = plan.memoryMiB * MIB;
  const { usedBytes, capacityBytes } = files;
  return {
    hostname: guest.hostname,
    arch: process.arch === "arm64" ? "aarch64" : "x86_64",
    takenAt: new Date(),
    uptimeNs: guest.uptimeNs,
    totalCpus: plan.vcpus,
    totalMemory,
    memoryUsed: usedBytes,
    memoryAvailable: totalMemory - usedBytes,
    memoryUsedPercent: (100 * usedBytes) / totalMemory,
    loadAvg1: 0,
    loadAvg5: 0,
    loadAvg15: 0,
    diskReadTotal: 0,
    diskWriteTotal: usedBytes,
    diskIOInflight: 0,
    diskSpaceTotal: capacityBytes,
    diskSpaceUsed: usedBytes,
    diskSpaceFree: capacityBytes - usedBytes,
    diskSpaceUsedPercent: (100 * usedBytes) / capacityBytes,
    networkReadTotal: 0,
    networkWriteTotal: 0,
    openConnections: 0,
    openFiles: processes,
    entropy: 256,
  };
}
