/** Ports of the host that lead to VMs in routed networks: what was asked for, and in force for those that have a machine. */

import type { PortRedirect } from "#core/network/network.ts";
import type { PortRedirects, RecreatedNetworks } from "#core/ports/port-redirects.ts";
import type { VmRecord } from "#core/vm/vm.ts";

export class Redirects implements PortRedirects {
  async set(vm: VmRecord, _redirects: readonly PortRedirect[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    throw new Error(`Ports of ${vm.hostname} cannot be redirected yet`);
  }

  async recreate(machines: readonly VmRecord[], signal: AbortSignal): Promise<RecreatedNetworks> {
    signal.throwIfAborted();
    throw new Error(`Networks of ${machines.length} VMs cannot be made anew yet`);
  }
}
