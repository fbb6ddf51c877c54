/** Ports of the host that lead to VMs: which are free, and what the host is called by from outside. */

export interface HostPorts {
  /** whether nobody listens at it on any address, TCP or UDP, and no rule of the packet filter names it */
  isFree(port: number, signal: AbortSignal): Promise<boolean>;
  /** the host's IPv4 towards the world, as listings show it; `127.0.0.1` when it has none */
  address(): string;
}
