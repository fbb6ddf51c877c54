/** Whether this host, as it is right now, has room for one more machine. */

import type { HostFacts } from "../ports/host-facts.ts";
import {
  admit,
  type CapacityLimits,
  type HostSnapshot,
  type Room,
  roomLeft,
  type Share,
} from "./capacity.ts";

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
  admit(wanted, held, await snapshotOf(hostFacts), limits);
}

/** What could still be admitted, as of now. @param use what VMs have, and how many there are in any phase */
export async function roomNow(
  use: { readonly held: readonly Share[]; readonly known: number },
  hostFacts: HostFacts,
  limits: CapacityLimits,
): Promise<Room> {
  return roomLeft(use, await snapshotOf(hostFacts), limits);
}

async function snapshotOf(hostFacts: HostFacts): Promise<HostSnapshot> {
  const [memory, disk] = await Promise.all([hostFacts.memory(), hostFacts.disk()]);
  return {
    memoryTotalBytes: memory.totalBytes,
    memoryAvailableBytes: memory.availableBytes,
    cpuCount: hostFacts.cpuCount(),
    diskFreeBytes: disk.freeBytes,
  };
}
