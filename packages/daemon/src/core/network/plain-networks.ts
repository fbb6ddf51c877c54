/** Networks that need nothing on the host: none, and the VMM's own user-mode stack. For daemons without root. */

import { AlcoveError } from "../errors.ts";
import type { NetworkPlan } from "../ports/machine.ts";
import type { Networks } from "../ports/networks.ts";
import type { PortRedirects } from "../ports/port-redirects.ts";
import type { VmRecord } from "../vm/vm.ts";
import { guestNetworkOf } from "./guest-network.ts";
import { type Families, userNetworkPlan } from "./user-network.ts";

/** Nothing leads into networks of that kind. */
export const noRedirects: PortRedirects = {
  async set({ tap }, redirects) {
    if (redirects.length === 0) return;
    const message = `Without root no port of this host leads to ${tap}`;
    throw new AlcoveError("unsupported", message, { feature: "port redirects" });
  },
  recreate: async () => ({ removedChains: [], recreated: [], failed: [] }),
};

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
