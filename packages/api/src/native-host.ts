/** This host, what it has and what its VMs were promised: `GET /v1/host`. */

import { type Static, Type } from "typebox";

/** A resource of the host: what there is, and what VMs may still be promised. */
const Capacity = Type.Object({
  total: Type.Integer(),
  /** promised to VMs that have a machine */
  promised: Type.Integer(),
});

/** Something that whoever runs the host should know. */
const HostWarning = Type.Object({
  /** `no_token`, `emulated`, `no_isolation`, `disk_nearly_full`, `config` */
  code: Type.String(),
  /** what it means and what to do, for people */
  message: Type.String(),
});

export const HostState = Type.Object({
  version: Type.String(),
  /** of the machine that the daemon runs on */
  hostname: Type.String(),
  hypervisor: Type.String(),
  /** absent where it has none, or does not say */
  hypervisor_version: Type.Optional(Type.String()),
  /** how strong the wall around a guest is */
  isolation: Type.Union([Type.Literal("hardware"), Type.Literal("emulated"), Type.Literal("none")]),
  /** what runs a guest's instructions */
  accelerator: Type.Union([Type.Literal("kvm"), Type.Literal("tcg"), Type.Literal("none")]),
  /** why it is this one, for people */
  accelerator_reason: Type.String(),
  /** name and release */
  kernel: Type.String(),
  cpu_model: Type.String(),
  /** version of Node that the daemon runs on */
  node: Type.String(),
  /** RFC 3339: when the daemon began */
  started_at: Type.String(),
  /** VMs known, in any phase */
  vms: Type.Integer(),
  /** vCPUs; `total` is physical CPUs */
  cpus: Capacity,
  /** bytes; `used`: by all programs of the host */
  memory: Type.Object({ ...Capacity.properties, used: Type.Integer() }),
  /** bytes on the file system that holds the VMs' disks */
  disk: Type.Object({ total: Type.Integer(), free: Type.Integer() }),
  templates: Type.Object({
    /** whether VMs of this host come from templates */
    enabled: Type.Boolean(),
    ready: Type.Integer(),
    under_way: Type.Integer(),
  }),
  /** machines made ahead, of all host groups */
  pools: Type.Object({ size: Type.Integer(), waiting: Type.Integer(), making: Type.Integer() }),
  /** the node of the Aleph network that the host is, too */
  aleph: Type.Object({ on: Type.Boolean(), port: Type.Optional(Type.Integer()) }),
  warnings: Type.Array(HostWarning),
});
export type HostState = Static<typeof HostState>;
