/**
 * Between Slicer's words and ours: the only file of this surface that knows both.
 * Nothing snake_case leaves it inward, nothing camelCase outward.
 */

import { MIB } from "#lib/bytes.ts";
import { formatGoDuration } from "#lib/go-duration.ts";
import type { Reading } from "#core/exec/meter.ts";
import type { HostGroup } from "#core/group/host-group.ts";
import { policyFor } from "#core/network/egress.ts";
import type { VmNetwork } from "#core/network/network.ts";
import type { GuestHealth, GuestStats } from "#core/ports/guest-link.ts";
import type { VmPhase } from "#core/vm/lifecycle.ts";
import type { VmRecord } from "#core/vm/vm.ts";

/** What this daemon says of itself. */
export interface About {
  readonly version: string;
  readonly gitCommit: string;
  /** as Go names them: "linux", "amd64" */
  readonly platform: string;
  readonly arch: string;
}

/** Title case, exact: clients match on `Running` and `Paused`. */
const STATUS: Record<VmPhase, string> = {
  created: "Running",
  starting: "Running",
  running: "Running",
  paused: "Paused",
  suspending: "Suspended",
  suspended: "Suspended",
  restoring: "Running",
  stopping: "Stopped",
  stopped: "Stopped",
  failed: "Stopped",
  deleted: "Stopped",
};

export function statusOf({ state }: VmRecord): string {
  return STATUS[state.phase];
}

/** Lists name the machine as the kernel does, /info and create as Go does. */
const KERNEL_ARCH: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64" };

export function kernelArch(about: About): string {
  return KERNEL_ARCH[about.arch] ?? about.arch;
}

export function infoOf(about: About): object {
  const { version, gitCommit, platform, arch } = about;
  return { version, git_commit: gitCommit, platform, arch };
}

export function hostGroupOf(group: HostGroup, about: About): object {
  return {
    name: group.name,
    count: group.count,
    ram_bytes: group.memoryMiB * MIB,
    cpus: group.vcpus,
    gpu_count: 0,
    arch: kernelArch(about),
  };
}

/** `phase` and `status_reason` are Alcove's additions: why a VM is `Stopped`. */
export function nodeOf(record: VmRecord, about: About): object {
  const { spec, state } = record;
  return {
    hostname: record.hostname,
    hostgroup: record.group,
    ip: addressOf(record),
    ram_bytes: spec.memoryMiB * MIB,
    cpus: spec.vcpus,
    created_at: record.createdAt.toISOString(),
    arch: kernelArch(about),
    tags: spec.tags,
    status: STATUS[state.phase],
    persistent: record.kind !== "sandbox",
    phase: state.phase,
    ...(state.reason === undefined ? {} : { status_reason: state.reason }),
  };
}

export function createdOf(record: VmRecord, about: About): object {
  return {
    hostname: record.hostname,
    hostgroup: record.group,
    ip: addressOf(record),
    created_at: record.createdAt.toISOString(),
    arch: about.arch,
    persistent: record.kind !== "sandbox",
    tags: record.spec.tags,
  };
}

/** Uptimes are integer nanoseconds, as Go's duration type has them. */
export function healthOf(record: VmRecord, health: GuestHealth): object {
  const { userdata } = health;
  return {
    hostname: record.hostname,
    agent_uptime: Math.max(1, Math.trunc(health.agentUptimeNs)),
    agent_version: health.agentVersion,
    system_uptime: Math.max(1, Math.trunc(health.systemUptimeNs)),
    userdata_ran: userdata.ran,
    ...(userdata.exitCode === undefined ? {} : { userdata_exit_code: userdata.exitCode }),
    ip: addressOf(record),
  };
}

/**
 * Everything that is known of one VM. Disks are files of their own over an image: `image` storage.
 * @param commit the newest of its disk
 */
export function describedOf(record: VmRecord, commit: string | undefined, about: About): object {
  const { origin } = record;
  return {
    ...nodeOf(record, about),
    storage: "image",
    image: record.spec.image,
    ...(commit === undefined ? {} : { commit_id: commit }),
    ...(origin.how === "commit" ? { parent_commit_id: origin.commit } : {}),
    network: networkOf(record.spec.network),
  };
}

/** Only isolated networks have lists. */
function networkOf({ settings, override }: VmNetwork): object {
  const { allow, drop } = settings.mode === "isolated" ? settings : { allow: [], drop: [] };
  return {
    mode: settings.mode,
    policy_source: override ? "vm" : "host_group",
    host_group: { allow, drop },
    ...(override ? { override } : {}),
    effective: policyFor({ allow, drop }, override),
  };
}

/** A node and what its guest's meter read; without a reading the snapshot is null and `error` says why. */
export function meteredOf({ vm, result }: Reading, about: About): object {
  const node = nodeOf(vm.record, about);
  if ("problem" in result) return { ...node, snapshot: null, error: result.problem };
  return { ...node, snapshot: snapshotOf(result), error: "" };
}

/** The meter's names are Slicer's own; only its times are said differently. */
function snapshotOf({ takenAt, uptimeNs, ...figures }: GuestStats): object {
  const uptime = formatGoDuration(uptimeNs / 1e6);
  return { ...figures, timestamp: takenAt.toISOString(), uptime };
}

/** A bare IPv4. A VM without a network answers with the unspecified address: clients need text here. */
function addressOf(record: VmRecord): string {
  return record.address ?? "0.0.0.0";
}

/** Whether a VM passes the `tag` or `tag_prefix` filter of a list. */
export function hasTag(record: VmRecord, filter: { tag?: string; tag_prefix?: string }): boolean {
  const { tags } = record.spec;
  if (filter.tag !== undefined && filter.tag !== "") return tags.includes(filter.tag);
  const prefix = filter.tag_prefix ?? "";
  return prefix === "" || tags.some((tag) => tag.startsWith(prefix));
}
