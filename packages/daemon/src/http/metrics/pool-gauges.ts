/** Machines made ahead, counted when somebody asks. */

import { Gauge, type Registry } from "prom-client";

import type { Pools } from "#core/pool/pools.ts";

export function poolGauges(registers: Registry[], pools: Pick<Pools, "list">): void {
  const machines: Gauge = new Gauge({
    name: "alcove_pool_machines",
    help: "Machines made ahead of VMs, by host group, and whether they wait or are being made",
    labelNames: ["host_group", "state"],
    registers,
    collect: () => {
      for (const { group, waiting, making } of pools.list()) {
        machines.set({ host_group: group, state: "waiting" }, waiting);
        machines.set({ host_group: group, state: "making" }, making);
      }
    },
  });
  const asked: Gauge = new Gauge({
    name: "alcove_pool_vms",
    help: "VMs since the daemon's start that were a machine made ahead, or could have been had one waited",
    labelNames: ["host_group", "outcome"],
    registers,
    collect: () => {
      for (const { group, claimed, misses } of pools.list()) {
        asked.set({ host_group: group, outcome: "claimed" }, claimed);
        asked.set({ host_group: group, outcome: "missed" }, misses);
      }
    },
  });
}
