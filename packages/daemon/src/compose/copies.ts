/** How one VM begins as another was: by its disk, as a commit, or by its memory and disk, as a fork. */

import type { Config } from "#config/config.ts";
import { Commits, type CommitsDeps } from "#core/commit/commits.ts";
import type { LiveForkDeps } from "#core/fork/live-fork.ts";
import { systemClock } from "#core/ports/clock.ts";
import { MIB } from "#lib/bytes.ts";

/** Commits: kept in the database, and on the disk as layers. */
export function openCommits(config: Config, parts: Omit<CommitsDeps, "clock" | "limits">): Commits {
  return new Commits({ ...parts, clock: systemClock, limits: limitsOf(config) });
}

export function forkDeps(
  config: Config,
  { vms, groups, images, disks, layers, keptLayers, secrets, log }: Omit<LiveForkDeps, "limits">,
): LiveForkDeps {
  const parts = { vms, groups, images, disks, layers, keptLayers, secrets, log };
  return { ...parts, limits: limitsOf(config) };
}

function limitsOf({ limits }: Config): Config["limits"] & { readonly diskReserveBytes: number } {
  return { ...limits, diskReserveBytes: limits.diskReserveMiB * MIB };
}
