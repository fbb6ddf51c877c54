/** Networks that need nothing on the host: none, and the VMM's own user-mode stack. */

import { AlcoveError } from "../errors.ts";
import type { GuestNetwork } from "../ports/guest-link.ts";
import type { NetworkPlan } from "../ports/hypervisor.ts";
import type { Networks } from "../ports/networks.ts";
import type { VmRecord } from "../vm/vm.ts";
import { userGuestNetwork, userNetworkPlan } from "./user-network.ts";

export const plainNetworks: Networks = {
  async prepare(vm: VmRecord): Promise<NetworkPlan> {
    const { mode } = vm.spec.network.settings;
    if (mode === "none") return { mode };
    if (mode === "user") return userNetworkPlan(vm.networkSlot, vm.hostname);
    const feature = `network mode ${mode}`;
    throw new AlcoveError("unsupported", `This host has no ${feature}`, { feature });
  },
  guestNetwork(vm: VmRecord): GuestNetwork | undefined {
    if (vm.spec.network.settings.mode !== "user") return undefined;
    const network = userGuestNetwork(vm.networkSlot);
    const { dns } = vm.spec.network;
    return dns.length === 0 ? network : { ...network, dns };
  },
  release: async () => {},
  sweep: async () => [],
};
