/** Alcove's own API, beside the ones it is compatible with: `GET /v1/host`, `GET /v1/events`. */

import { type Static, Type } from "typebox";

/** A resource of the host: what there is, and what VMs may still be promised. */
const Capacity = Type.Object({
  total: Type.Integer(),
  /** promised to VMs that have a machine */
  promised: Type.Integer(),
});

export const HostState = Type.Object({
  version: Type.String(),
  hypervisor: Type.String(),
  /** how strong the wall around a guest is */
  isolation: Type.Union([Type.Literal("hardware"), Type.Literal("emulated"), Type.Literal("none")]),
  /** VMs known, in any phase */
  vms: Type.Integer(),
  /** vCPUs; `total` is physical CPUs */
  cpus: Capacity,
  /** bytes */
  memory: Capacity,
  /** bytes on the file system that holds the VMs' disks */
  disk: Type.Object({ total: Type.Integer(), free: Type.Integer() }),
});
export type HostState = Static<typeof HostState>;

export const VmEvent = Type.Object({
  /** RFC 3339 */
  at: Type.String(),
  vm_id: Type.String(),
  hostname: Type.String(),
  /** what was asked or reported: "start", "booted", "crashed", … */
  input: Type.String(),
  /** the phase that followed */
  phase: Type.String(),
  reason: Type.Optional(Type.String()),
});
export type VmEvent = Static<typeof VmEvent>;

export const EventQuery = Type.Object({
  /** newest so many; 1 to 1,000, by default 100 */
  limit: Type.Optional(Type.String({ pattern: "^[0-9]{1,4}$" })),
});
