/** Whether this host, as it is right now, has room for one more machine. */

import type { HostFacts } from "../ports/host-facts.ts";
import { admit, type CapacityLimits, type Share } from "./capacity.ts";

/**
 * @param held what the machines have that run or are about to
 * @throws AlcoveError `no_capacity`
 */
export async function admitNow(
  wanted: Share,
  held: readonly Share[],
  hostFacts: HostFacts,
  limits: CapacityLimits,
): Promise<void> {
  const [memory, disk] = await Promise.all([hostFacts.memory(), hostFacts.disk()]);
  const host = {
    memoryTotalBytes: memory.totalBytes,
    memoryAvailableBytes: memory.availableBytes,
    cpuCount: hostFacts.cpuCount(),
    diskFreeBytes: disk.freeBytes,
  };
  admit(wanted, held, host, limits);
}
