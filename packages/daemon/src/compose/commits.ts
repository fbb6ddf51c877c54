/** Commits: kept in the database, and on the disk as layers. */

import type { Config } from "#config/config.ts";
import { Commits, type CommitsDeps } from "#core/commit/commits.ts";
import { systemClock } from "#core/ports/clock.ts";
import { MIB } from "#lib/bytes.ts";

export function openCommits(
  { limits }: Config,
  parts: Omit<CommitsDeps, "clock" | "limits">,
): Commits {
  const reserve = { diskReserveBytes: limits.diskReserveMiB * MIB };
  return new Commits({ ...parts, clock: systemClock, limits: { ...limits, ...reserve } });
}
