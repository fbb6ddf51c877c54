/** A machine's network card and what is behind it, as QEMU's options. Pure. */

import type { NetworkPlan } from "#core/ports/machine.ts";

import type { Option } from "./option.ts";

export interface TapToOpen {
  readonly device: string;
  /**
   * the network namespace that it is in, and that QEMU is to run in: one with a path, a fresh one that goes
   * with QEMU, or the host's own
   */
  readonly namespace: { readonly path: string } | "fresh" | "host";
  readonly fd: number;
}

/** a tap with nothing behind it, in a namespace where nothing else is */
const DETACHED_TAP = "detached0";

/** nothing is booted over the network */
const NO_ROM = { device: "", pci: ",romfile=" } as const;

/** @param tapFd descriptor of the open tap, if the plan has one: it follows the last file */
export function networkOptions(
  network: NetworkPlan,
  tapFd: number,
  bus: "device" | "pci",
): readonly Option[] {
  if (network.mode === "none") return [];
  const backend =
    network.mode === "user" ? userNetdev(network) : `tap,id=net0,fd=${tapFd},vhost=off`;
  return [
    ["-netdev", backend],
    ["-device", `virtio-net-${bus},netdev=net0,id=net0-device,mac=${network.mac}${NO_ROM[bus]}`],
  ];
}

export function tapOf(network: NetworkPlan, fd: number): TapToOpen | undefined {
  if (network.mode === "none" || network.mode === "user") return undefined;
  if (network.mode === "detached") return { device: DETACHED_TAP, namespace: "fresh", fd };
  const { tap: device, namespace: path } = network;
  return { device, namespace: path === undefined ? "host" : { path }, fd };
}

/**
 * The guest is given its address by the agent; DHCP answers with the same one for other images. IPv6 is
 * announced to it. Both families must be named, or naming details of one turns the other off.
 */
function userNetdev(network: Extract<NetworkPlan, { mode: "user" }>): string {
  const { cidr, gateway, dns, address, cidr6 } = network;
  const ipv6 = cidr6 === undefined ? "ipv6=off" : `ipv6=on,ipv6-net=${cidr6}`;
  return `user,id=net0,ipv4=on,${ipv6},net=${cidr},host=${gateway},dns=${dns},dhcpstart=${address}`;
}
