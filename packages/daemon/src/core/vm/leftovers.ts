/** What an earlier daemon left on this host and belongs to nobody. */

import type { DiskStore } from "../ports/disk-store.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import type { Log } from "../ports/log.ts";
import type { Networks } from "../ports/networks.ts";
import type { KeptLayers } from "./kept-layers.ts";
import { holdsShare } from "./lifecycle.ts";
import type { VmRecord } from "./vm.ts";

export interface Places {
  readonly hypervisor: Hypervisor;
  readonly networks: Networks;
  readonly disks: DiskStore;
  readonly keptLayers: KeptLayers;
  readonly log: Log;
  /** directory below which every machine has its own */
  readonly runRoot: string;
}

/**
 * Removes it, after everybody was taken over: processes and networks belong to VMs that have a machine,
 * files to VMs, overlays and states of memory to what is on record, and layers to whoever stands on them.
 * @param records every VM that is known
 */
export async function removeLeftovers(
  { hypervisor, networks, disks, keptLayers, log, runRoot }: Places,
  records: readonly VmRecord[],
  signal: AbortSignal,
): Promise<void> {
  const known = new Set<string>(records.map(({ id }) => id));
  const machines = records.filter(({ state }) => holdsShare(state.phase));
  const alive = new Set<string>(machines.map(({ id }) => id));
  const removed = [
    ...(await hypervisor.sweep(runRoot, alive, signal)),
    ...(await networks.sweep(machines, signal)),
  ];
  for (const id of (await disks.list()).filter((it) => !known.has(it))) {
    await disks.remove(id);
    removed.push(`files of VM ${id}`);
  }
  for (const { id, state, layer } of records) {
    await disks.keepOnlyState(id, state.saved?.name);
    await disks.keepOnlyOverlay(id, layer);
  }
  for (const id of await keptLayers.collect()) removed.push(`disk layer ${id}`);
  for (const it of removed) log.warn("host.leftover_removed", { removed: it });
}
