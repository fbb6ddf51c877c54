/** VMs as Slicer's words do not describe them: `/v1/vms`. */

import { type Static, Type } from "typebox";

import { Receipt } from "./native-fork.ts";

/** How a VM came to its first machine. */
export const Origin = Type.Object({
  how: Type.Union([
    Type.Literal("boot"),
    Type.Literal("template"),
    Type.Literal("fork"),
    Type.Literal("commit"),
  ]),
  /** of a boot, for people: why it did not come from a template */
  why: Type.Optional(Type.String()),
  /** the template's id; it may be gone */
  template: Type.Optional(Type.String()),
  /** the source of a fork, by its host name then */
  source: Type.Optional(Type.String()),
  /** the commit's id; it may be gone */
  commit: Type.Optional(Type.String()),
});
export type Origin = Static<typeof Origin>;

/** In bytes. The figures of its process are absent while there is none, or it is no process. */
export const VmMemory = Type.Object({
  /** promised to it, with what its hypervisor needs itself; 0 while it has no machine */
  reserved_bytes: Type.Integer(),
  /** its own alone: what the host would have back if the VM ended */
  private_bytes: Type.Optional(Type.Integer()),
  /** there once for all that use it: a template's memory, a program's code */
  shared_bytes: Type.Optional(Type.Integer()),
  /** all of it, each page divided by the number of processes that use it */
  proportional_bytes: Type.Optional(Type.Integer()),
});
export type VmMemory = Static<typeof VmMemory>;

/** What may be asked of a VM. Not a union: to put a thousand lists of these into words would take as long as all the rest. */
export const VmAction = Type.Enum(
  [
    "start",
    "pause",
    "resume",
    "suspend",
    "restore",
    "shutdown",
    "reboot",
    "fork",
    "commit",
    "delete",
    "exec",
    "shell",
    "files",
  ],
  { type: "string" },
);
export type VmAction = Static<typeof VmAction>;

const SUMMARY = {
  hostname: Type.String(),
  id: Type.String(),
  /** its tag `name=…`, without that */
  friendly_name: Type.Optional(Type.String()),
  group: Type.String(),
  /** `sandbox`, `persistent` or `service` */
  kind: Type.String(),
  phase: Type.String(),
  /** RFC 3339: of the phase */
  since: Type.String(),
  /** why it failed, stopped or stands still, for people */
  reason: Type.Optional(Type.String()),
  /** whether its agent can be reached */
  ready: Type.Boolean(),
  /** bare IPv4 by which it is known; absent without a network */
  ip: Type.Optional(Type.String()),
  vcpus: Type.Integer(),
  /** the guest's */
  memory_bytes: Type.Integer(),
  /** name or id, as it was asked for */
  image: Type.String(),
  tags: Type.Array(Type.String()),
  /** whether its disk is kept when it stops */
  persistent: Type.Boolean(),
  /** RFC 3339 */
  created_at: Type.String(),
  origin: Origin,
  /** what may be asked of it now */
  actions: Type.Array(VmAction),
  memory: VmMemory,
};

export const VmSummary = Type.Object(SUMMARY);
export type VmSummary = Static<typeof VmSummary>;

export const VmListQuery = Type.Object({
  /** `none`: nobody looks at the processes, and `memory` says what is reserved alone: cheap for many VMs */
  memory: Type.Optional(Type.Union([Type.Literal("none"), Type.Literal("all")])),
});
export type VmListQuery = Static<typeof VmListQuery>;

export const VmStart = Type.Object({
  /** `boot`, `commit`, `template`, `pool`, `fork` or `restore`; absent before there is a machine */
  how: Type.Optional(Type.String()),
  /** RFC 3339: when it was asked for */
  begun_at: Type.String(),
  /** whether its agent is ready: otherwise there are steps to come, or it failed */
  ready: Type.Boolean(),
  /** all steps together, in ms */
  total_ms: Type.Number(),
  /** one after the other */
  steps: Type.Array(Type.Object({ name: Type.String(), ms: Type.Number() })),
});
export type VmStart = Static<typeof VmStart>;

/** Of isolated networks: what the guest may reach, in CIDR form. */
const Egress = Type.Object({ allow: Type.Array(Type.String()), drop: Type.Array(Type.String()) });

export const VmDetails = Type.Object({
  ...SUMMARY,
  /** of a copy whose agent has confirmed that it is somebody of its own */
  receipt: Type.Optional(Receipt),
  /** its last start; absent when there was none since the daemon's */
  start: Type.Optional(VmStart),
  /** names of those that it may see now */
  secrets: Type.Array(Type.String()),
  network: Type.Object({
    mode: Type.Union([
      Type.Literal("none"),
      Type.Literal("user"),
      Type.Literal("bridge"),
      Type.Literal("isolated"),
      Type.Literal("routed"),
    ]),
    egress: Type.Optional(Egress),
  }),
  /** size of its root disk, as the guest sees it; absent: the image's own */
  disk_bytes: Type.Optional(Type.Integer()),
  /** the newest commit of its disk */
  commit_id: Type.Optional(Type.String()),
});
export type VmDetails = Static<typeof VmDetails>;
