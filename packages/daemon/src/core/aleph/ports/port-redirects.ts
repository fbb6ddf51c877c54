/** The port to the host's packet filter: ports of the host that lead into VMs. */

import type { PortMapping } from "../execution/record.ts";
import type { InstanceNetwork } from "../execution/address-plan.ts";

export interface PortRedirects {
  /**
   * Makes exactly these ports of a VM reachable, all of them or none changed.
   * @param vm found by its tap device
   */
  set(
    vm: Pick<InstanceNetwork, "tap" | "ipv4">,
    ports: readonly PortMapping[],
    signal: AbortSignal,
  ): Promise<void>;
}
