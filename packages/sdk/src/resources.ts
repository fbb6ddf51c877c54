/**
 * What the API speaks about, in the API's own words (snake_case, units as named). Answers are checked
 * for the fields that programs rely on and otherwise passed on as they came, new fields included.
 */

import { AlcoveProtocolError, isObject } from "./errors.ts";

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
  readonly persistent?: boolean;
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
  readonly tags?: readonly string[];
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

/** How a field is checked; `?` also allows it to be absent or null. */
type Kind =
  | "string"
  | "number"
  | "boolean"
  | "strings"
  | "string?"
  | "number?"
  | "boolean?"
  | "strings?";

/** A resource's name, for error messages, and the check that an answer is one. */
export interface Resource<T> {
  readonly what: string;
  readonly matches: (value: unknown) => value is T;
}

export const HOST_INFO: Resource<HostInfo> = describe<HostInfo>("info", {
  version: "string",
  git_commit: "string",
  platform: "string?",
  arch: "string?",
});

export const HOST_GROUP: Resource<HostGroup> = describe<HostGroup>("host group", {
  name: "string",
  count: "number",
  ram_bytes: "number",
  cpus: "number",
  gpu_count: "number?",
  arch: "string?",
});

export const VM: Resource<Vm> = describe<Vm>("VM", {
  hostname: "string",
  hostgroup: "string",
  ip: "string",
  ram_bytes: "number",
  cpus: "number",
  created_at: "string",
  arch: "string?",
  tags: "strings?",
  status: "string?",
  persistent: "boolean?",
});

export const CREATED_VM: Resource<CreatedVm> = describe<CreatedVm>("new VM", {
  hostname: "string",
  hostgroup: "string",
  ip: "string",
  created_at: "string",
  arch: "string?",
  persistent: "boolean?",
  tags: "strings?",
});

export const VM_HEALTH: Resource<VmHealth> = describe<VmHealth>("VM health", {
  hostname: "string",
  agent_uptime: "number",
  agent_version: "string",
  system_uptime: "number",
  userdata_ran: "boolean",
  userdata_exit_code: "number?",
  ip: "string?",
});

export const VM_LOGS: Resource<VmLogs> = describe<VmLogs>("console log", {
  hostname: "string",
  lines: "number",
  content: "string",
});

export const DELETED_VM: Resource<DeletedVm> = describe<DeletedVm>("answer to a delete", {
  message: "string",
  disk_removed: "string",
  error: "string?",
});

export const VM_TAGS: Resource<VmTags> = describe<VmTags>("list of tags", {
  hostname: "string",
  tags: "strings",
});

/** @throws AlcoveProtocolError when the answer is not what the type promises */
export function asResource<T>(value: unknown, { what, matches }: Resource<T>): T {
  if (matches(value)) return value;
  throw new AlcoveProtocolError(`The host's answer is not a valid ${what}`);
}

export function asResources<T>(value: unknown, kind: Resource<T>): readonly T[] {
  if (!Array.isArray(value)) throw new AlcoveProtocolError(`The host's answer is not a list`);
  return value.map((one) => asResource(one, kind));
}

function describe<T>(
  what: string,
  fields: { readonly [K in keyof Required<T>]: Kind },
): Resource<T> {
  const kinds = Object.entries<Kind>(fields);
  return {
    what,
    matches: (value): value is T =>
      isObject(value) && kinds.every(([field, kind]) => fits(value[field], kind)),
  };
}

function fits(value: unknown, kind: Kind): boolean {
  if (kind.endsWith("?") && (value === undefined || value === null)) return true;
  const exact = kind.replace("?", "");
  if (exact !== "strings") return typeof value === exact;
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
