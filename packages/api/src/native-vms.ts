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

const ACCOUNT = {
  hostname: Type.String(),
  id: Type.String(),
  group: Type.String(),
  /** `sandbox`, `persistent` or `service` */
  kind: Type.String(),
  phase: Type.String(),
  origin: Origin,
  memory: VmMemory,
};

export const VmAccount = Type.Object(ACCOUNT);
export type VmAccount = Static<typeof VmAccount>;

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

export const VmDetails = Type.Object({
  ...ACCOUNT,
  /** of a copy whose agent has confirmed that it is somebody of its own */
  receipt: Type.Optional(Receipt),
  /** its last start; absent when there was none since the daemon's */
  start: Type.Optional(VmStart),
});
export type VmDetails = Static<typeof VmDetails>;
