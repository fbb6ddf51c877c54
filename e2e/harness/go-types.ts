/**
 * Slicer's Go types as checks of JSON: what Go's decoder refuses is refused here. Other fields are
 * ignored and absent ones or null stay empty, except those that the API itself promises.
 */

import {
  type Check,
  count,
  decimal,
  flag,
  list,
  matching,
  text,
  time,
} from "../../packages/daemon/src/testing/strict-json.ts";

type Fields = Readonly<Record<string, Check>>;

/** @param promised names of fields that must be there */
function struct(fields: Fields, ...promised: readonly string[]): Check {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no object";
    const given = new Map<string, unknown>(Object.entries(value));
    const missing = promised.find((name) => given.get(name) === undefined);
    if (missing !== undefined) return `.${missing} is missing`;
    return problems(fields, given)[0];
  };
}

function problems(fields: Fields, given: ReadonlyMap<string, unknown>): readonly string[] {
  return Object.entries(fields).flatMap(([name, check]) => {
    const value = given.get(name);
    const problem = value === undefined || value === null ? undefined : check(value);
    return problem === undefined ? [] : [`.${name} ${problem}`];
  });
}

/** a Go duration as text, such as 6m53s */
const goDuration = matching(/^-?(\d+(\.\d+)?(h|m|s|ms|us|µs|ns))+$/);

const nodeFields = {
  hostname: text,
  hostgroup: text,
  ip: matching(/^\d+\.\d+\.\d+\.\d+$/),
  ram_bytes: count,
  cpus: count,
  created_at: time,
  arch: matching(/^(x86_64|aarch64)$/),
  tags: list(text),
  status: matching(/^(Running|Paused|Stopped|Suspended)$/),
  persistent: flag,
  last_agent_call: time,
} satisfies Fields;

const nodePromises = ["hostname", "hostgroup", "ip", "ram_bytes", "cpus", "created_at"] as const;

export const node = struct(nodeFields, ...nodePromises, "arch", "status", "persistent");
export const nodes = list(node);

const policy = struct({ allow: list(text), drop: list(text) });

export const description = struct(
  {
    ...nodeFields,
    storage: text,
    image: text,
    commit_id: text,
    parent_commit_id: text,
    network: struct(
      { mode: text, policy_source: text, host_group: policy, override: policy, effective: policy },
      "mode",
    ),
    open_agent_connections: count,
  },
  ...nodePromises,
  "storage",
  "image",
  "network",
);

export const created = struct(
  {
    hostname: text,
    hostgroup: text,
    ip: matching(/^\d+\.\d+\.\d+\.\d+$/),
    created_at: time,
    arch: matching(/^(amd64|arm64)$/),
    persistent: flag,
    tags: list(text),
  },
  "hostname",
  "hostgroup",
  "ip",
  "created_at",
  "arch",
  "persistent",
);

export const info = struct(
  {
    version: text,
    git_commit: text,
    platform: matching(/^(linux|darwin)$/),
    arch: matching(/^(amd64|arm64)$/),
  },
  "version",
  "git_commit",
  "platform",
  "arch",
);

export const groups = list(
  struct(
    { name: text, count, ram_bytes: count, cpus: count, gpu_count: count, arch: text },
    "name",
    "count",
    "ram_bytes",
    "cpus",
    "gpu_count",
    "arch",
  ),
);

export const health = struct(
  {
    hostname: text,
    agent_uptime: count,
    agent_version: text,
    system_uptime: count,
    userdata_ran: flag,
    userdata_exit_code: count,
    ip: text,
  },
  "hostname",
  "agent_uptime",
  "agent_version",
  "system_uptime",
  "userdata_ran",
);

export const logs = struct(
  { hostname: text, lines: count, content: text },
  "hostname",
  "lines",
  "content",
);

export const deleted = struct(
  { message: text, disk_removed: matching(/^(true|false)$/), error: text },
  "message",
  "disk_removed",
);

const counters = ["totalCpus", "totalMemory", "memoryUsed", "memoryAvailable"];
const integers = ["diskIOInflight", "openConnections", "openFiles", "entropy"];
const space = ["diskSpaceTotal", "diskSpaceUsed", "diskSpaceFree"];
const whole = [...counters, ...integers, ...space];
const loads = ["loadAvg1", "loadAvg5", "loadAvg15"];
const totals = ["diskReadTotal", "diskWriteTotal", "networkReadTotal", "networkWriteTotal"];
const decimals = ["memoryUsedPercent", "diskSpaceUsedPercent", ...loads, ...totals];

const snapshot = struct(
  {
    hostname: text,
    arch: text,
    timestamp: time,
    uptime: goDuration,
    ...Object.fromEntries(whole.map((name) => [name, count])),
    ...Object.fromEntries(decimals.map((name) => [name, decimal])),
  },
  "hostname",
  "timestamp",
  "uptime",
  ...whole,
  ...decimals,
);

export const stat = struct(
  { hostname: text, ip: text, created_at: time, snapshot, error: text },
  "hostname",
  "ip",
  "created_at",
  "snapshot",
);
export const stats = list(stat);

export const tags = struct({ hostname: text, tags: list(text) }, "hostname", "tags");

/** one line of a streamed command */
export const frame = struct(
  {
    timestamp: time,
    type: text,
    pid: count,
    encoding: text,
    data: text,
    started_at: time,
    ended_at: time,
    signal: text,
    stdout: text,
    stderr: text,
    exit_code: count,
    error: text,
    id: count,
    dropped_bytes: count,
    dropped_frames: count,
    message: text,
  },
  "timestamp",
  "exit_code",
);

export const result = struct(
  {
    stdout: text,
    stderr: text,
    encoding: text,
    pid: count,
    signal: text,
    exit_code: count,
    error: text,
  },
  "stdout",
  "stderr",
  "exit_code",
);

export const fileInfo = struct(
  { name: text, type: text, size: count, mtime: time, mode: matching(/^[0-7]{4}$/) },
  "name",
  "type",
  "size",
  "mtime",
  "mode",
);
export const fileInfos = list(fileInfo);

export const secrets = list(
  struct(
    {
      name: text,
      size: count,
      permissions: matching(/^[0-7]+$/),
      uid: count,
      gid: count,
      mod_time: time,
      modified_at: time,
    },
    "name",
    "size",
    "permissions",
    "mod_time",
    "modified_at",
  ),
);

export const problem = struct({ error: matching(/./), code: text }, "error");
