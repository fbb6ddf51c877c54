/** The port to ports of the host that lead to VMs in routed networks. */

import type { VmId } from "../ids.ts";
import type { PortRedirect, RoutedNetwork } from "../network/network.ts";
import type { VmRecord } from "../vm/vm.ts";

export interface PortRedirects {
  /**
   * Makes exactly these ports lead to a VM, in one step: those that it had before and that are not named any more
   * end for new connections, those that stay are not interrupted. It may be said before the VM has a machine; they
   * are in force whenever it has one, also after the daemon was killed, until something else is said. Another VM
   * that gets its tap later does not get its ports. Resolves when the packet filter has them.
   * @param vm found by its tap
   * @throws Error when another VM that runs has one of the ports, or the list names one twice
   */
  set(
    vm: Pick<RoutedNetwork, "tap">,
    redirects: readonly PortRedirect[],
    signal: AbortSignal,
  ): Promise<void>;

  /**
   * Makes everything that stands for routed VMs on the host anew.
   * @param machines the VMs that have a machine now; those in other networks are passed over
   */
  recreate(machines: readonly VmRecord[], signal: AbortSignal): Promise<RecreatedNetworks>;
}

export interface RecreatedNetworks {
  /** names of the packet filter's chains that were replaced */
  readonly removedChains: readonly string[];
  readonly recreated: readonly VmId[];
  readonly failed: readonly { readonly id: VmId; readonly error: string }[];
}
