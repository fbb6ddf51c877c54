/** Networks for the fake hypervisor: planned as real ones are, and nothing is made on the host. */

import { guestNetworkOf } from "#core/network/guest-network.ts";
import { macAddress, userNetworkPlan } from "#core/network/user-network.ts";
import type { Networks } from "#core/ports/networks.ts";

export const fakeNetworks: Networks = {
  async prepare({ spec, hostname, networkSlot }) {
    const { mode } = spec.network.settings;
    if (mode === "none") return { mode };
    if (mode === "user") return userNetworkPlan(networkSlot, hostname);
    return { mode, mac: macAddress(hostname), tap: `fake${networkSlot}`, namespace: undefined };
  },
  guestNetwork: guestNetworkOf,
  release: async () => {},
  sweep: async () => [],
};
