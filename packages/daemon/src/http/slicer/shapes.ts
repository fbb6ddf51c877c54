/**
 * The shapes of JSON answers, for the OpenAPI document. Nothing is checked against them while the
 * daemon runs; a test holds real answers to them.
 */

import { Type } from "typebox";

export const Time = Type.String({ format: "date-time", description: "RFC 3339" });
export const Bytes = Type.Integer({ minimum: 0, description: "bytes" });
const Ns = Type.Integer({ minimum: 1, description: "nanoseconds" });
const Count = Type.Integer({ minimum: 0 });
const Texts = Type.Array(Type.String());
const Maybe = Type.Optional;
const Pid = Type.Integer({ minimum: 1 });

export const Info = Type.Object({
  version: Type.String(),
  git_commit: Type.String(),
  platform: Type.String({ description: "as Go names it: linux" }),
  arch: Type.String({ description: "as Go names it: amd64, arm64" }),
});

export const HostGroup = Type.Object({
  name: Type.String(),
  count: Type.Integer({ minimum: 0, description: "VMs that the configuration file declares" }),
  ram_bytes: Type.Integer({ minimum: 0, description: "bytes; default and maximum for each VM" }),
  cpus: Type.Integer({ minimum: 1, description: "default and maximum for each VM" }),
  gpu_count: Count,
  arch: Type.String({ description: "as the kernel names it: x86_64, aarch64" }),
});

export const Node = Type.Object({
  hostname: Type.String(),
  hostgroup: Type.String(),
  ip: Type.String({ description: "IPv4; 0.0.0.0 without a network" }),
  ram_bytes: Bytes,
  cpus: Type.Integer({ minimum: 1 }),
  created_at: Time,
  arch: Type.String({ description: "as the kernel names it: x86_64, aarch64" }),
  tags: Texts,
  status: Type.String({ description: "Running, Paused, Stopped, Suspended" }),
  persistent: Type.Boolean(),
  phase: Type.String({ description: "Alcove's own word" }),
  status_reason: Maybe(Type.String({ description: "why it is Stopped" })),
  last_agent_call: Maybe(Time),
});

export const Created = Type.Object({
  hostname: Type.String(),
  hostgroup: Type.String(),
  ip: Type.String({ description: "IPv4; 0.0.0.0 without a network" }),
  created_at: Time,
  arch: Type.String({ description: "as Go names it: amd64, arm64" }),
  persistent: Type.Boolean(),
  tags: Texts,
});

const Policy = Type.Object({ allow: Texts, drop: Texts });

export const Described = Type.Object({
  ...Node.properties,
  storage: Type.String(),
  image: Type.String(),
  commit_id: Maybe(Type.String({ description: "the newest commit of its disk" })),
  parent_commit_id: Maybe(Type.String({ description: "the commit that it was forked from" })),
  network: Type.Object({
    mode: Type.String(),
    policy_source: Type.String({ description: "vm or host_group" }),
    host_group: Policy,
    override: Maybe(Type.Object({ allow: Maybe(Texts), drop: Maybe(Texts) })),
    effective: Policy,
  }),
  open_agent_connections: Maybe(
    Type.Integer({ minimum: 0, description: "how much is going on in the guest for somebody" }),
  ),
  bg_execs: Maybe(
    Type.Array(
      Type.Object({
        exec_id: Type.String(),
        command: Type.String(),
        pid: Pid,
        state: Type.String({ description: "running or exited" }),
        started_at: Time,
        exit_code: Maybe(Type.Integer()),
      }),
      { description: "programs in the background; absent: not known" },
    ),
  ),
});

export const Deleted = Type.Object({
  message: Type.String(),
  disk_removed: Type.String({ description: "true or false, as text" }),
});

export const Health = Type.Object({
  hostname: Type.String(),
  agent_uptime: Ns,
  agent_version: Type.String(),
  system_uptime: Ns,
  userdata_ran: Type.Boolean({ description: "has ended, or there was none" }),
  userdata_exit_code: Maybe(Type.Integer()),
  ip: Type.String(),
});

export const Logs = Type.Object({
  hostname: Type.String(),
  lines: Type.Integer({ minimum: 0, description: "how many were asked for; 0: all" }),
  content: Type.String({ description: "the serial console, as UTF-8 with replacements" }),
});

export const Tags = Type.Object({ hostname: Type.String(), tags: Texts });

const Percent = Type.Number({ description: "per cent" });
const Load = Type.Number();

const Snapshot = Type.Object({
  hostname: Type.String(),
  arch: Type.String(),
  uptime: Type.String({ description: "Go duration, such as 6m53s" }),
  timestamp: Time,
  totalCpus: Count,
  totalMemory: Bytes,
  memoryUsed: Bytes,
  memoryAvailable: Bytes,
  memoryUsedPercent: Percent,
  loadAvg1: Load,
  loadAvg5: Load,
  loadAvg15: Load,
  diskReadTotal: Type.Number({ description: "bytes since boot" }),
  diskWriteTotal: Type.Number({ description: "bytes since boot" }),
  diskIOInflight: Count,
  diskSpaceTotal: Bytes,
  diskSpaceUsed: Bytes,
  diskSpaceFree: Bytes,
  diskSpaceUsedPercent: Percent,
  networkReadTotal: Type.Number({ description: "bytes since boot" }),
  networkWriteTotal: Type.Number({ description: "bytes since boot" }),
  openConnections: Count,
  openFiles: Count,
  entropy: Count,
});

export const Metered = Type.Object({
  ...Node.properties,
  snapshot: Type.Union([Snapshot, Type.Null()], {
    description: "null when the guest could not be asked",
  }),
  error: Type.String({ description: "empty, or why there is no snapshot" }),
});

export const Secret = Type.Object({
  name: Type.String(),
  size: Bytes,
  permissions: Type.String({ description: "octal, such as 0600" }),
  uid: Count,
  gid: Count,
  mod_time: Time,
  modified_at: Time,
});
