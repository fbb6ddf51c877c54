/** All that a host knows of a VM, in the API's own words. */

import { type Resource, resource } from "./resource.ts";
import { type NetworkOverride, VM_FIELDS, type Vm } from "./resources.ts";

export interface NetworkPolicy {
  readonly allow: readonly string[];
  readonly drop: readonly string[];
}

/** All that a host knows of a VM. */
export interface VmDescription extends Vm {
  /** `image`, `devmapper`, `zfs` */
  readonly storage: string;
  readonly image: string;
  readonly network: {
    /** `bridge`, `isolated`, … */
    readonly mode: string;
    /** `vm` where the VM overrides its group's lists */
    readonly policy_source: string;
    readonly host_group: NetworkPolicy;
    readonly override?: NetworkOverride;
    readonly effective: NetworkPolicy;
  };
  readonly commit_id?: string;
  readonly parent_commit_id?: string;
  readonly open_agent_connections?: number;
  /** background commands; absent: not known */
  readonly bg_execs?: readonly {
    readonly exec_id: string;
    readonly command?: string;
    readonly pid?: number;
    /** `running` or `exited` */
    readonly state: string;
    readonly started_at?: string;
    readonly exit_code?: number | null;
  }[];
}

const DESCRIPTION = resource<VmDescription>("VM description", {
  ...VM_FIELDS,
  storage: "string",
  image: "string",
  network: "object",
  commit_id: "string?",
  parent_commit_id: "string?",
  open_agent_connections: "number?",
  bg_execs: "list?",
});

const NETWORK: Resource<VmDescription["network"]> = resource<VmDescription["network"]>("network", {
  mode: "string",
  policy_source: "string",
  host_group: "object",
  override: "object?",
  effective: "object",
});

const POLICY: Resource<NetworkPolicy> = resource<NetworkPolicy>("network policy", {
  allow: "strings",
  drop: "strings",
});

export const VM_DESCRIPTION: Resource<VmDescription> = {
  what: DESCRIPTION.what,
  matches: (value): value is VmDescription =>
    DESCRIPTION.matches(value) &&
    NETWORK.matches(value.network) &&
    POLICY.matches(value.network.effective),
};
