/** What a VM or the host used over the last hour, in columns: `GET /v1/vms/{hostname}/meters`, `GET /v1/host/meters`. */

import { type Static, Type } from "typebox";

/** One value for each time; null where nothing was read. */
const Column = Type.Array(Type.Union([Type.Number(), Type.Null()]));

const COLUMNS = {
  /** ms since the epoch, rising */
  at: Type.Array(Type.Integer()),
  cpu: Column,
  /** bytes, as all that follows */
  memory_used: Column,
  memory_total: Column,
  disk_used: Column,
  disk_total: Column,
  /** per second */
  net_in: Column,
  net_out: Column,
};

export const MeterQuery = Type.Object({
  /** only samples later than this, in ms since the epoch; default: all there are */
  after: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" })),
});

export const VmMeters = Type.Object({
  /** from one sample to the next; more when the host has many VMs. 0: nothing is sampled */
  interval_ms: Type.Integer(),
  /**
   * `cpu`: 1 is one whole vCPU, the hypervisor's own work with it. `disk_…` and `net_…` are what the guest counts;
   * `memory_…` too, or what its process has, when its agent does not answer.
   */
  samples: Type.Object({ ...COLUMNS, disk_read: Column, disk_write: Column }),
});
export type VmMeters = Static<typeof VmMeters>;

export const HostMeters = Type.Object({
  interval_ms: Type.Integer(),
  /** `cpu`: of all processors together, 0 to 1. `net_…`: of the adapter that leads out of the host */
  samples: Type.Object({ ...COLUMNS, load: Column }),
});
export type HostMeters = Static<typeof HostMeters>;

const Reading = Type.Union([Type.Number(), Type.Null()]);

/** The newest row of `HostMeters`. */
export const HostSample = Type.Object({
  at: Type.Integer(),
  cpu: Reading,
  memory_used: Reading,
  memory_total: Reading,
  disk_used: Reading,
  disk_total: Reading,
  net_in: Reading,
  net_out: Reading,
  load: Reading,
});
export type HostSample = Static<typeof HostSample>;
