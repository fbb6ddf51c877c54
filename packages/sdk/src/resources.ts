/**
 * What the API speaks about, in the API's own words (snake_case, units as named).
 */

import { type Resource, resource } from "./resource.ts";

export interface HostInfo {
  readonly version: string;
  readonly git_commit: string;
  /** `linux` */
  readonly platform?: string;
  /** `amd64` or `arm64` */
  readonly arch?: string;
}

export interface HostGroup {
  readonly name: string;
  /** VMs declared by the configuration */
  readonly count: number;
  /** default and maximum per VM, in bytes */
  readonly ram_bytes: number;
  /** default and maximum per VM */
  readonly cpus: number;
  readonly gpu_count?: number;
  readonly arch?: string;
}

export interface Vm {
  readonly hostname: string;
  readonly hostgroup: string;
  /** without prefix length; empty where the VM has no network */
  readonly ip: string;
  readonly ram_bytes: number;
  readonly cpus: number;
  /** RFC 3339 */
  readonly created_at: string;
  readonly arch?: string;
  readonly tags?: readonly string[];
  /** `Running`, `Paused`, `Stopped`, `Suspended` */
  readonly status?: string;
  /** why it is in that state, where there is more to say: an Alcove host's addition */
  readonly status_reason?: string;
  readonly persistent?: boolean;
  /** RFC 3339 */
  readonly last_agent_call?: string;
}

/** The answer to a create: what is known at that moment. */
export interface CreatedVm {
  readonly hostname: string;
  readonly hostgroup: string;
  readonly ip: string;
  readonly created_at: string;
  readonly arch?: string;
  readonly persistent?: boolean;
  readonly tags?: readonly string[];
}

export interface VmSpec {
  /** script that runs once, as root, on first boot */
  readonly userdata?: string;
  readonly ram_bytes?: number;
  readonly cpus?: number;
  /** keep the disk when the VM stops */
  readonly persistent?: boolean;
  /** name or id of an image other than the group's */
  readonly disk_image?: string;
  readonly ssh_keys?: readonly string[];
  /** account whose public SSH keys are let in too */
  readonly import_user?: string;
  readonly tags?: readonly string[];
  /** names of the secrets it may see; absent: all, empty: none */
  readonly secrets?: readonly string[];
  readonly network?: NetworkOverride;
  /** wanted address */
  readonly ip?: string;
  readonly gpu_count?: number;
}

/** For isolated host groups: replaces the group's lists; one that is absent is inherited. */
export interface NetworkOverride {
  /** CIDRs, or `host:port` */
  readonly allow?: readonly string[];
  readonly drop?: readonly string[];
}

export interface VmHealth {
  readonly hostname: string;
  /** nanoseconds */
  readonly agent_uptime: number;
  readonly agent_version: string;
  /** nanoseconds */
  readonly system_uptime: number;
  readonly userdata_ran: boolean;
  readonly userdata_exit_code?: number;
  readonly ip?: string;
}

export interface VmLogs {
  readonly hostname: string;
  /** how many were asked for; 0 is all */
  readonly lines: number;
  readonly content: string;
}

export interface DeletedVm {
  readonly message: string;
  /** the text `true` or `false` */
  readonly disk_removed: string;
  /** what could not be done */
  readonly error?: string;
}

export interface VmTags {
  readonly hostname: string;
  readonly tags: readonly string[];
}

/** `replace` stands alone; a `name=…` tag can be added once and then stays. */
export type TagChange =
  | { readonly add?: readonly string[]; readonly remove?: readonly string[] }
  | { readonly replace: readonly string[] };

export const HOST_INFO: Resource<HostInfo> = resource<HostInfo>("info", {
  version: "string",
  git_commit: "string",
  platform: "string?",
  arch: "string?",
});

export const HOST_GROUP: Resource<HostGroup> = resource<HostGroup>("host group", {
  name: "string",
  count: "number",
  ram_bytes: "number",
  cpus: "number",
  gpu_count: "number?",
  arch: "string?",
});

export const VM_FIELDS = {
  hostname: "string",
  hostgroup: "string",
  ip: "string",
  ram_bytes: "number",
  cpus: "number",
  created_at: "string",
  arch: "string?",
  tags: "strings?",
  status: "string?",
  status_reason: "string?",
  persistent: "boolean?",
  last_agent_call: "string?",
} as const;

export const VM: Resource<Vm> = resource<Vm>("VM", VM_FIELDS);

export const CREATED_VM: Resource<CreatedVm> = resource<CreatedVm>("new VM", {
  hostname: "string",
  hostgroup: "string",
  ip: "string",
  created_at: "string",
  arch: "string?",
  persistent: "boolean?",
  tags: "strings?",
});

export const VM_HEALTH: Resource<VmHealth> = resource<VmHealth>("VM health", {
  hostname: "string",
  agent_uptime: "number",
  agent_version: "string",
  system_uptime: "number",
  userdata_ran: "boolean",
  userdata_exit_code: "number?",
  ip: "string?",
});

export const VM_LOGS: Resource<VmLogs> = resource<VmLogs>("console log", {
  hostname: "string",
  lines: "number",
  content: "string",
});

export const DELETED_VM: Resource<DeletedVm> = resource<DeletedVm>("answer to a delete", {
  message: "string",
  disk_removed: "string",
  error: "string?",
});

export const VM_TAGS: Resource<VmTags> = resource<VmTags>("list of tags", {
  hostname: "string",
  tags: "strings",
});
