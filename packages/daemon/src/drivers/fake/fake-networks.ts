/** Networks for the fake hypervisor: planned as real ones are, and nothing is made on the host. */

import { guestNetworkOf } from "#core/network/guest-network.ts";
import { userNetworkPlan } from "#core/network/user-network.ts";
import type { Networks } from "#core/ports/networks.ts";
import type { PortRedirects } from "#core/ports/port-redirects.ts";

/** Nobody could connect: its guests have no network. */
export const fakeRedirects: PortRedirects = {
  set: async () => {},
  recreate: async (machines) => ({
    removedChains: [],
    recreated: machines.flatMap(({ id, spec }) =>
      spec.network.settings.mode === "routed" ? [id] : [],
    ),
    failed: [],
  }),
};

export const fakeNetworks: Networks = {
  async prepare({ spec, mac, networkSlot }) {
    const { mode } = spec.network.settings;
    if (mode === "none") return { mode };
    if (mode === "user") return userNetworkPlan(networkSlot, mac);
    return { mode, mac, tap: `fake${networkSlot}`, namespace: undefined };
  },
  guestNetwork: guestNetworkOf,
  release: async () => {},
  sweep: async () => [],
};
