/** Ports of the host that lead to VMs in routed networks: what was asked for, and in force for those that have a machine. */

import type { VmId } from "#core/ids.ts";
import type { PortRedirect, RoutedNetwork } from "#core/network/network.ts";
import type { PortRedirects, RecreatedNetworks } from "#core/ports/port-redirects.ts";
import type { VmRecord } from "#core/vm/vm.ts";

import type { HostTable } from "./host-table.ts";
import type { Names } from "./names.ts";
import { formerRules } from "./nft-listing.ts";
import type { RoutedVms } from "./routed-vms.ts";

export class Redirects implements PortRedirects {
  readonly #names: Names;
  readonly #table: HostTable;
  readonly #routed: RoutedVms;

  constructor(names: Names, table: HostTable, routed: RoutedVms) {
    this.#names = names;
    this.#table = table;
    this.#routed = routed;
  }

  async set(
    { tap }: Pick<RoutedNetwork, "tap">,
    redirects: readonly PortRedirect[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#table.changeRouted((routed) => routed.want(tap, redirects), signal);
  }

  async recreate(machines: readonly VmRecord[], signal: AbortSignal): Promise<RecreatedNetworks> {
    const { chains: removedChains } = await formerRules(this.#names.table, signal);
    await this.#table.reload(signal);
    const recreated: VmId[] = [];
    const failed: { readonly id: VmId; readonly error: string }[] = [];
    for (const vm of machines) {
      const { settings } = vm.spec.network;
      if (settings.mode !== "routed") continue;
      const error = await this.#failureOf(vm, settings, signal);
      if (error === undefined) recreated.push(vm.id);
      else failed.push({ id: vm.id, error });
    }
    return { removedChains, recreated, failed };
  }

  /** @returns why it could not be made anew, for people; `undefined` when it could */
  async #failureOf(
    vm: VmRecord,
    network: RoutedNetwork,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      await this.#routed.restore(vm, network, signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    }
  }
}
