/** Networks that need nothing on the host: none, and the VMM's own user-mode stack. For daemons without root. */

import { AlcoveError } from "../errors.ts";
import type { NetworkPlan } from "../ports/machine.ts";
import type { Networks } from "../ports/networks.ts";
import type { VmRecord } from "../vm/vm.ts";
import { guestNetworkOf } from "./guest-network.ts";
import { type Families, userNetworkPlan } from "./user-network.ts";

/** @param families what the host speaks to the world, asked at each start of a VM */
export function plainNetworks(families: () => Families): Networks {
  return {
    async prepare(vm: VmRecord): Promise<NetworkPlan> {
      const { mode } = vm.spec.network.settings;
      if (mode === "none") return { mode };
      if (mode === "user") return userNetworkPlan(vm.networkSlot, vm.mac, families());
      const feature = `network mode ${mode}`;
      throw new AlcoveError("unsupported", `Without root this host has no ${feature}`, { feature });
    },
    guestNetwork: guestNetworkOf,
    release: async () => {},
    sweep: async () => [],
  };
}
