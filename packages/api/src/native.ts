/** Alcove's own API, beside the ones it is compatible with: `GET /v1/host`. */

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
