/**
 * What Alcove's own API answers, spelled out: the package that has the schemas is not published. A test holds these to
 * them. Sizes are in bytes, times as RFC 3339.
 */

interface Shape {
  /** by name, as it was when the template was built */
  image: string;
  vcpus: number;
  memory_bytes: number;
  /** root disk, as the guest sees it */
  disk_bytes: number;
  /** `tap`: of bridge and isolated networks */
  network: "none" | "user" | "tap";
}

export interface Template extends Shape {
  id: string;
  image_id: string;
  kernel: string;
  /** memory and devices on the host's disk */
  state_bytes: number;
  /** its guest's disk on the host's */
  layer_bytes: number;
  /** what it holds in the host's memory, once for all VMs that come from it; 0 until it is used */
  held_bytes: number;
  built_at: string;
  /** absent when it did not serve since the daemon's start */
  last_used_at?: string;
  /** VMs whose disks stand on its disk */
  vms: number;
}

export interface TemplateWork extends Shape {
  state: "waiting" | "building";
  since: string;
}

export interface TemplateList {
  /** whether VMs of this host come from templates */
  enabled: boolean;
  /** oldest first */
  templates: Template[];
  /** one at a time, in the order of their turns */
  under_way: TemplateWork[];
}

export interface TemplateOrder {
  /** host group for whose VMs it is to be; absent: the only one */
  group?: string;
  /** as in a create; absent: the group's */
  image?: string;
  vcpus?: number;
  memory_bytes?: number;
  /** `false`: answer when it is under way; default: when it is there */
  wait?: boolean;
}

export interface Pool {
  /** the host group's name */
  group: string;
  /** how many are to wait */
  size: number;
  waiting: number;
  making: number;
  /** VMs that were made from it since the daemon's start */
  claimed: number;
  /** VMs that could have been, had one waited */
  misses: number;
  /** what those that wait have of the host's memory */
  memory_bytes: number;
  /** why it is not full, for people */
  problem?: string;
}

/** How a VM came to its first machine. */
export interface Origin {
  how: "boot" | "template" | "fork" | "commit";
  /** of a boot, for people: why it did not come from a template */
  why?: string;
  template?: string;
  /** the source of a fork, by its host name then */
  source?: string;
  commit?: string;
}

/** The figures of its process are absent while there is none. */
export interface VmMemory {
  /** promised to it, with what its hypervisor needs itself */
  reserved_bytes: number;
  /** its own alone: what the host would have back if the VM ended */
  private_bytes?: number;
  /** there once for all that use it */
  shared_bytes?: number;
  /** all of it, each page divided by the number of processes that use it */
  proportional_bytes?: number;
}

/** What may be asked of a VM. */
export type VmAction =
  | "start"
  | "pause"
  | "resume"
  | "suspend"
  | "restore"
  | "shutdown"
  | "reboot"
  | "fork"
  | "commit"
  | "delete"
  | "exec"
  | "shell"
  | "files";

export interface VmSummary {
  hostname: string;
  id: string;
  /** its tag `name=…`, without that */
  friendly_name?: string;
  group: string;
  /** `sandbox`, `persistent` or `service` */
  kind: string;
  phase: string;
  /** of the phase */
  since: string;
  /** why it failed, stopped or stands still, for people */
  reason?: string;
  /** whether its agent can be reached */
  ready: boolean;
  /** bare IPv4 by which it is known; absent without a network */
  ip?: string;
  vcpus: number;
  /** the guest's */
  memory_bytes: number;
  /** name or id, as it was asked for */
  image: string;
  tags: string[];
  /** whether its disk is kept when it stops */
  persistent: boolean;
  created_at: string;
  origin: Origin;
  /** what may be asked of it now */
  actions: VmAction[];
  memory: VmMemory;
}

export interface VmStart {
  /** `boot`, `commit`, `template`, `pool`, `fork` or `restore`; absent before there is a machine */
  how?: string;
  begun_at: string;
  /** whether its agent is ready */
  ready: boolean;
  /** all steps together, in ms */
  total_ms: number;
  steps: { name: string; ms: number }[];
}

/** What the agent of a copy has done, and reads back from its kernel. */
export interface Receipt {
  rng: "reseeded";
  /** nanoseconds, a decimal number that may be too large for a JSON one */
  clock_step_ns: string;
  hostname: string;
  machine_id: string;
  ssh_host_keys: "renewed" | "none" | "kept";
  mac?: string;
  /** bare IPv4, as the guest has it */
  ip?: string;
  connections_cut: number;
}

export interface VmDetails extends VmSummary {
  /** of a copy whose agent has confirmed that it is somebody of its own */
  receipt?: Receipt;
  /** its last start; absent when there was none since the daemon's */
  start?: VmStart;
  /** names of those that it may see now */
  secrets: string[];
  network: {
    mode: "none" | "user" | "bridge" | "isolated" | "routed";
    /** of isolated networks: what the guest may reach, in CIDR form */
    egress?: { allow: string[]; drop: string[] };
  };
  /** size of its root disk, as the guest sees it; absent: the image's own */
  disk_bytes?: number;
  /** the newest commit of its disk */
  commit_id?: string;
}
