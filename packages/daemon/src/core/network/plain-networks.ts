/** Networks that need nothing on the host: none, and the VMM's own user-mode stack. For daemons without root. */

import { AlcoveError } from "../errors.ts";
import type { NetworkPlan } from "../ports/hypervisor.ts";
import type { Networks } from "../ports/networks.ts";
import type { VmRecord } from "../vm/vm.ts";
import { guestNetworkOf } from "./guest-network.ts";
import { userNetworkPlan } from "./user-network.ts";

export const plainNetworks: Networks = {
  async prepare(vm: VmRecord): Promise<NetworkPlan> {
    const { mode } = vm.spec.network.settings;
    if (mode === "none") return { mode };
    if (mode === "user") return userNetworkPlan(vm.networkSlot, vm.hostname);
    const feature = `network mode ${mode}`;
    throw new AlcoveError("unsupported", `Without root this host has no ${feature}`, { feature });
  },
  guestNetwork: guestNetworkOf,
  release: async () => {},
  sweep: async () => [],
};
