/** Forks of VMs that run. */

import type { Config } from "#config/config.ts";
import type { LiveForkDeps } from "#core/fork/live-fork.ts";
import { MIB } from "#lib/bytes.ts";

export function forkDeps(
  { limits }: Config,
  { vms, groups, images, disks, layers, keptLayers, secrets, log }: Omit<LiveForkDeps, "limits">,
): LiveForkDeps {
  const reserve = { diskReserveBytes: limits.diskReserveMiB * MIB };
  const parts = { vms, groups, images, disks, layers, keptLayers, secrets, log };
  return { ...parts, limits: { ...limits, ...reserve } };
}
