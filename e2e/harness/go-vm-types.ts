/** What Slicer's Go SDK decodes of hosts and VMs. */

import {
  count,
  decimal,
  flag,
  list,
  matching,
  text,
  time,
} from "../../packages/daemon/src/testing/strict-json.ts";
import { type Fields, struct } from "./go-struct.ts";

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
