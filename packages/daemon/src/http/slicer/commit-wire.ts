/** Commits and forks in Slicer's words. */

import type { Commit } from "#core/commit/commit.ts";
import type { VmRecord } from "#core/vm/vm.ts";

import { statusOf } from "./wire.ts";

/** Only disks are kept, no memory. */
const MODE = "disk";

export function committedOf(commit: Commit): object {
  return {
    hostname: commit.sourceHostname,
    commit_id: commit.id,
    status: "committed",
    parent_status: "stopped",
    mode: MODE,
    ...saidOf(commit),
  };
}

export function commitOf(commit: Commit): object {
  return {
    commit_id: commit.id,
    source_hostname: commit.sourceHostname,
    source_host_group: commit.group,
    created_at: commit.createdAt.toISOString(),
    mode: MODE,
    ...saidOf(commit),
  };
}

/** @param source as it is now; `undefined` when it is gone */
export function forkedOf(commit: Commit, child: VmRecord, source: VmRecord | undefined): object {
  return {
    hostname: child.hostname,
    source_hostname: commit.sourceHostname,
    commit_id: commit.id,
    status: "forked",
    parent_status: source ? statusOf(source).toLowerCase() : "deleted",
    child_status: child.state.phase === "running" ? "running" : "starting",
    mode: MODE,
    persistent: child.kind !== "sandbox",
  };
}

/** What the client said when it made it. */
function saidOf({ tags, labels, cacheKey }: Commit): object {
  return { tags, labels, ...(cacheKey === undefined ? {} : { cache_key: cacheKey }) };
}
