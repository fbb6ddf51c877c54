/**
 * What Alcove's own API says of the host, spelled out as in `native-shapes.ts`. Sizes are in bytes, times of samples
 * in ms since the epoch.
 */

export interface HostState {
  version: string;
  /** of the machine that the daemon runs on */
  hostname: string;
  hypervisor: string;
  hypervisor_version?: string;
  /** how strong the wall around a guest is */
  isolation: "hardware" | "emulated" | "none";
  /** what runs a guest's instructions */
  accelerator: "kvm" | "tcg" | "none";
  /** why it is this one, for people */
  accelerator_reason: string;
  kernel: string;
  cpu_model: string;
  node: string;
  /** RFC 3339: when the daemon began */
  started_at: string;
  /** VMs known, in any phase */
  vms: number;
  /** vCPUs; `total` is physical CPUs */
  cpus: { total: number; promised: number };
  memory: { total: number; promised: number; used: number };
  /** the file system that holds the VMs' disks */
  disk: { total: number; free: number };
  templates: { enabled: boolean; ready: number; under_way: number };
  /** machines made ahead, of all host groups */
  pools: { size: number; waiting: number; making: number };
  /** the node of the Aleph network that the host is, too */
  aleph: { on: boolean; port?: number };
  /** what whoever runs the host should know: what it means and what to do */
  warnings: { code: string; message: string }[];
}

/** A host group: what its VMs have, and what a launch there is held to. */
export interface Group {
  name: string;
  /** VMs declared in the configuration; 0: all are made by the API */
  count: number;
  /** of a VM that does not say; also the most that one may have */
  vcpus: number;
  memory_bytes: number;
  /** absent: as large as the image says */
  disk_bytes?: number;
  image: string;
  network: "none" | "user" | "bridge" | "isolated" | "routed";
  /** keys that every VM of the group gets */
  ssh_keys: number;
  /** machines that are made ahead and wait for VMs */
  pool: number;
  /** of its VMs as they are now; `vcpus` and `memory_bytes` are what those have that have a machine */
  use: { vms: number; running: number; vcpus: number; memory_bytes: number };
  limits: {
    /** at most, for one VM */
    vcpus: number;
    memory_min_bytes: number;
    memory_bytes: number;
    /** what the host could still give, as of now */
    free: { vcpus: number; memory_bytes: number; disk_bytes: number; vms: number };
  };
}

/** null: nothing was read then */
type Column = (number | null)[];

interface Columns {
  at: number[];
  cpu: Column;
  memory_used: Column;
  memory_total: Column;
  disk_used: Column;
  disk_total: Column;
  /** per second */
  net_in: Column;
  net_out: Column;
}

/** Of the last hour, in columns of the same length, oldest first. */
export interface VmMeters {
  /** from one sample to the next; 0: nothing is sampled */
  interval_ms: number;
  /** `cpu`: 1 is one whole vCPU */
  samples: Columns & { disk_read: Column; disk_write: Column };
}

export interface HostMeters {
  interval_ms: number;
  /** `cpu`: of all processors together, 0 to 1 */
  samples: Columns & { load: Column };
}

/** One row of `HostMeters`. */
export interface HostSample {
  at: number;
  cpu: number | null;
  memory_used: number | null;
  memory_total: number | null;
  disk_used: number | null;
  disk_total: number | null;
  net_in: number | null;
  net_out: number | null;
  load: number | null;
}
