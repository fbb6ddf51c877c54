/** VMs on bridges of the host: a tap each, and rules that keep each to its own addresses. */

import { bridgePlan } from "#core/network/bridge-plan.ts";
import { bridgedIpv6, linkLocal } from "#core/network/local-plan.ts";
import type { BridgeNetwork } from "#core/network/network.ts";
import type { GuestIpv6 } from "#core/ports/guest-network.ts";
import type { NetworkPlan } from "#core/ports/machine.ts";
import { mustHaveAddress, type VmRecord } from "#core/vm/vm.ts";

import { tapLines } from "./devices.ts";
import type { BridgedNetwork } from "./host-rules.ts";
import type { HostTable } from "./host-table.ts";
import type { Names } from "./names.ts";
import { deviceExists, hasIpv6 } from "./presence.ts";
import type { TapSource } from "./tap-rules.ts";
import { ipBatch } from "./tools.ts";

export class BridgedVms {
  readonly #names: Names;
  readonly #table: HostTable;

  constructor(names: Names, table: HostTable) {
    this.#names = names;
    this.#table = table;
  }

  async prepare(vm: VmRecord, network: BridgeNetwork, signal: AbortSignal): Promise<NetworkPlan> {
    const bridge = this.#bridgeOf(vm, network);
    const source = this.sourceOf(vm, network);
    const { tap, mac, address, addresses6 } = source;
    const addresses = [address, ...addresses6];
    if (tap.length > MAX_INTERFACE_CHARS) {
      throw new Error(
        `tap_prefix ${network.tapPrefix} leaves no room for a number: make it shorter`,
      );
    }
    await this.#table.useBridge(bridge, network, signal);
    await this.release(vm, network, signal);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => this.release(vm, network, AbortSignal.timeout(UNDO_TIMEOUT_MS)));
    // One does not wait for the other: rules name a device whether it is there or not.
    await bothOf(
      ipBatch(tapLines({ name: tap, bridge, mark: this.#names.mark(vm.id), addresses }), signal),
      this.#table.admit(source, signal),
    );
    undo.move();
    return { mode: "bridge", mac, tap, namespace: undefined };
  }

  async release(vm: VmRecord, network: BridgeNetwork, signal: AbortSignal): Promise<void> {
    const tap = this.#names.tap(network.tapPrefix, vm.networkSlot);
    const gone = deviceExists(tap) ? ipBatch([`link del dev ${tap}`], signal) : Promise.resolve();
    await bothOf(gone, this.#table.forget(tap, signal));
  }

  networkOf(vm: VmRecord, network: BridgeNetwork): BridgedNetwork {
    return { bridge: this.#bridgeOf(vm, network), network: bridgePlan(network).network };
  }

  sourceOf(vm: VmRecord, network: BridgeNetwork): TapSource {
    const tap = this.#names.tap(network.tapPrefix, vm.networkSlot);
    const { mac } = vm;
    const ipv6 = this.ipv6Of(vm, network);
    const addresses6 = ipv6 ? [ipv6.address, linkLocal(mac)] : [];
    return { tap, mac, address: mustHaveAddress(vm), addresses6 };
  }

  /** @returns `undefined` where the host has none */
  ipv6Of(vm: VmRecord, network: BridgeNetwork): GuestIpv6 | undefined {
    if (!hasIpv6()) return undefined;
    const place = { tag: this.#names.tag, bridge: this.#bridgeOf(vm, network) };
    return bridgedIpv6(place, mustHaveAddress(vm), bridgePlan(network));
  }

  #bridgeOf(vm: VmRecord, network: BridgeNetwork): string {
    return this.#names.bridge(network.bridge, vm.group);
  }
}

/** what Linux takes as the name of a device */
const MAX_INTERFACE_CHARS = 15;

const UNDO_TIMEOUT_MS = 10_000;

/** Both run to their end, also when one fails: nothing may go on behind the caller's back. */
async function bothOf(one: Promise<void>, other: Promise<void>): Promise<void> {
  const ends = await Promise.allSettled([one, other]);
  const failed = ends.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
