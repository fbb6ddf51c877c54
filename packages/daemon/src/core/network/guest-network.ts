/** What a guest is told of its network. Pure: it follows from the VM's record. */

import type { GuestNetwork } from "../ports/guest-network.ts";
import { mustHaveAddress, type VmRecord } from "../vm/vm.ts";
import { bridgePlan } from "./bridge-plan.ts";
import { INSIDE } from "./isolated-plan.ts";
import { routedGuestNetwork } from "./routed-plan.ts";
import { userGuestNetwork } from "./user-network.ts";

/** Slicer's own, where a group names none */
const DEFAULT_DNS: readonly string[] = ["8.8.8.8", "1.1.1.1"];

/** @returns `undefined` when it has none */
export function guestNetworkOf(vm: VmRecord): GuestNetwork | undefined {
  const { settings, dns } = vm.spec.network;
  if (settings.mode === "none") return undefined;
  if (settings.mode === "user") {
    const network = userGuestNetwork(vm.networkSlot, vm.mac);
    return dns.length === 0 ? network : { ...network, dns };
  }
  if (settings.mode === "routed") return routedGuestNetwork(settings, vm.mac, nameServers(dns));
  const addresses = settings.mode === "bridge" ? bridgePlan(settings) : INSIDE;
  const { gateway, prefix } = addresses;
  const address = settings.mode === "bridge" ? mustHaveAddress(vm) : INSIDE.guest;
  const mac = settings.mode === "bridge" ? vm.mac : INSIDE.mac;
  return { interface: "eth0", mac, address, prefix, gateway, dns: nameServers(dns) };
}

/** @returns the name servers of a bridge, isolated or routed network */
export function nameServers(dns: readonly string[]): readonly string[] {
  return dns.length === 0 ? DEFAULT_DNS : dns;
}
