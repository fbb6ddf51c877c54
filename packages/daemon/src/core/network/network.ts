/** How VMs are connected, as values: what a group is configured with, and what one VM was given. */

/**
 * `user`: the VMM's own stack, outgoing connections only. `bridge`: a tap on a bridge of the host's.
 * `isolated`: a network namespace of the VM's own, with lists of what it may reach. `routed`: a tap that the
 * host routes to, with addresses that were chosen for this one VM.
 */
export type NetworkMode = "user" | "none" | "bridge" | "isolated" | "routed";

export type GroupNetwork =
  | { readonly mode: "none" }
  | { readonly mode: "user" }
  | BridgeNetwork
  | IsolatedNetwork
  | RoutedNetwork;

export interface BridgeNetwork {
  readonly mode: "bridge";
  /** name of the Linux bridge; `undefined` lets the network choose */
  readonly bridge: string | undefined;
  readonly tapPrefix: string | undefined;
  /** the host's address on the bridge with its prefix length, in CIDR form; `undefined` is the default network */
  readonly gateway: string | undefined;
  /** addresses to give out, bare IPv4; empty means all of the gateway's network */
  readonly addresses: readonly string[];
}

export interface IsolatedNetwork extends NetworkPolicy {
  readonly mode: "isolated";
  /** network that the VMs' own small networks are cut from, in CIDR form; `undefined` follows from the group's name */
  readonly range: string | undefined;
}

/** One VM's own: no two may share a tap or an address. */
export interface RoutedNetwork {
  readonly mode: "routed";
  /** name of the tap device, 1 to 15 characters */
  readonly tap: string;
  readonly ipv4: RoutedEnds;
  /** used where the host has IPv6 */
  readonly ipv6: RoutedEnds;
  /** whether the guest may reach the world; without it, it answers what comes to its redirected ports */
  readonly internet: boolean;
}

/** The two ends of a tap: the host's is the guest's gateway. */
export interface RoutedEnds {
  /** CIDR */
  readonly network: string;
  /** bare addresses in it */
  readonly host: string;
  readonly guest: string;
}

/** A port of the host that leads to a port of one VM. */
export interface PortRedirect {
  readonly hostPort: number;
  readonly vmPort: number;
  readonly tcp: boolean;
  readonly udp: boolean;
}

/**
 * What an isolated VM may reach: CIDRs, addresses, and `host:port`. Only `drop`: the rest is allowed. Only `allow`:
 * the rest is refused. Both: `allow` carves exceptions out of `drop`. Neither: all is allowed.
 */
export interface NetworkPolicy {
  readonly allow: readonly string[];
  readonly drop: readonly string[];
}

/** A VM's own lists; an absent one is its group's. */
export interface NetworkOverride {
  readonly allow: readonly string[] | undefined;
  readonly drop: readonly string[] | undefined;
}

/** What one VM was given, complete: it stays what it is when its group is configured otherwise. */
export interface VmNetwork {
  readonly settings: GroupNetwork;
  /** name servers for the guest, bare addresses; empty lets the network choose */
  readonly dns: readonly string[];
  /** lists of its own, in an isolated network */
  readonly override: NetworkOverride | undefined;
}
