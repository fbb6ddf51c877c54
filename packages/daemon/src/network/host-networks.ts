/**
 * Fills the port to the host's networks: each VM's tap, on a bridge or in a namespace of its own.
 *
 * What it makes stays when the daemon goes, as machines do; by names and marks the next daemon
 * knows it again, keeps what belongs to a machine and removes the rest.
 */

import { guestNetworkOf } from "#core/network/guest-network.ts";
import { userNetworkPlan } from "#core/network/user-network.ts";
import type { GuestIpv6, GuestNetwork } from "#core/ports/guest-network.ts";
import type { NetworkPlan } from "#core/ports/machine.ts";
import type { Networks } from "#core/ports/networks.ts";
import type { VmRecord } from "#core/vm/vm.ts";

import { BridgedVms } from "./bridged-vms.ts";
import { BRIDGE_OWNER } from "./bridges.ts";
import type { BridgedNetwork } from "./host-rules.ts";
import { type GuestPolicy, HostTable, type InUse, type RoutedInUse } from "./host-table.ts";
import { IsolatedVms } from "./isolated-vms.ts";
import type { Names } from "./names.ts";
import { type FormerRules, formerRules, NOTHING, redirectsTo } from "./nft-listing.ts";
import { deviceExists, hostFamilies, ownDevices, ownNamespaces } from "./presence.ts";
import { Redirects } from "./redirects.ts";
import { ROUTED_CHAIN } from "./routed-rules.ts";
import { RoutedVms, type WorldSettings } from "./routed-vms.ts";
import type { TapSource } from "./tap-rules.ts";
import { ipBatchForced } from "./tools.ts";

const ANY_DEVICE: WorldSettings = { external: undefined, ndpProxy: false };

const RELEASE_TIMEOUT_MS = 10_000;

export class HostNetworks implements Networks {
  readonly #names: Names;
  readonly #table: HostTable;
  readonly #bridged: BridgedVms;
  readonly #isolated: IsolatedVms;
  readonly #routed: RoutedVms;

  /** ports of the host that lead to VMs in routed networks */
  readonly redirects: Redirects;

  constructor(names: Names, policy: GuestPolicy, world: WorldSettings = ANY_DEVICE) {
    this.#names = names;
    this.#table = new HostTable(names, policy, world.external);
    this.#bridged = new BridgedVms(names, this.#table);
    this.#isolated = new IsolatedVms(names, this.#table);
    this.#routed = new RoutedVms(names, this.#table, world);
    this.redirects = new Redirects(names, this.#table, this.#routed);
  }

  async prepare(vm: VmRecord, signal: AbortSignal): Promise<NetworkPlan> {
    const { settings } = vm.spec.network;
    if (settings.mode === "none") return { mode: "none" };
    if (settings.mode === "user") {
      return userNetworkPlan(vm.networkSlot, vm.mac, hostFamilies());
    }
    if (settings.mode === "bridge") return this.#bridged.prepare(vm, settings, signal);
    return settings.mode === "isolated"
      ? this.#isolated.prepare(vm, settings, signal)
      : this.#routed.prepare(vm, settings, signal);
  }

  guestNetwork(vm: VmRecord): GuestNetwork | undefined {
    const network = guestNetworkOf(vm);
    const ipv6 = this.#ipv6Of(vm);
    return network && ipv6 ? { ...network, ipv6 } : network;
  }

  #ipv6Of(vm: VmRecord): GuestIpv6 | undefined {
    const { settings } = vm.spec.network;
    if (settings.mode === "isolated") return this.#isolated.guestIpv6();
    if (settings.mode === "routed") return this.#routed.ipv6Of(settings);
    return settings.mode === "bridge" ? this.#bridged.ipv6Of(vm, settings) : undefined;
  }

  async release(vm: VmRecord): Promise<void> {
    const { settings } = vm.spec.network;
    const signal = AbortSignal.timeout(RELEASE_TIMEOUT_MS);
    if (settings.mode === "bridge") await this.#bridged.release(vm, settings, signal);
    if (settings.mode === "isolated") await this.#isolated.release(vm, signal);
    if (settings.mode === "routed") await this.#routed.release(vm, settings, signal);
  }

  async sweep(machines: readonly VmRecord[], signal: AbortSignal): Promise<readonly string[]> {
    const former = await this.#formerRules(machines, signal);
    const inUse = this.#inUse(machines, former);
    await this.#table.takeOver(inUse, signal);
    const kept = new Set(inUse.routed.map(({ guest }) => guest.ipv6?.address));
    await this.#routed.withdraw(
      former.reached6.filter((it) => !kept.has(it)),
      signal,
    );
    const removed = await this.#removeStrays(new Set(machines.map(({ id }) => id)), signal);
    return [...removed, ...(await this.#table.removeIdleBridges(signal)).map(deviceNamed)];
  }

  /** No VM has a machine any more: nothing of ours stays on the host, whoever made it. */
  async lower(signal: AbortSignal): Promise<void> {
    await this.#removeStrays(new Set(), signal);
    await this.#table.lower(signal);
  }

  /** A host that nobody has routed VMs on need not be able to say what its packet filter holds. */
  async #formerRules(machines: readonly VmRecord[], signal: AbortSignal): Promise<FormerRules> {
    try {
      return await formerRules(this.#names.table, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (machines.some(({ spec }) => spec.network.settings.mode === "routed")) throw error;
      return NOTHING;
    }
  }

  #inUse(machines: readonly VmRecord[], former: FormerRules): InUse {
    const bridges: BridgedNetwork[] = [];
    const ranges: string[] = [];
    const taps: TapSource[] = [];
    const routed: RoutedInUse[] = [];
    for (const vm of machines) {
      const { settings } = vm.spec.network;
      if (settings.mode === "isolated") ranges.push(this.#isolated.rangeOf(vm, settings));
      if (settings.mode === "routed" && deviceExists(settings.tap)) {
        const guest = this.#routed.guestOf(vm, settings);
        routed.push({ guest, redirects: redirectsTo(guest.address, former.targets) });
      }
      if (settings.mode !== "bridge") continue;
      bridges.push(this.#bridged.networkOf(vm, settings));
      const source = this.#bridged.sourceOf(vm, settings);
      if (deviceExists(source.tap)) taps.push(source); // or it is only about to be made
    }
    const hasRoutedRules = former.chains.includes(ROUTED_CHAIN);
    return { bridges, ranges, taps, routed, hasRoutedRules };
  }

  async #removeStrays(
    machines: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const known = new Set([...machines, BRIDGE_OWNER]);
    const isStray = ({ owner }: { readonly owner: string }) => !known.has(owner);
    const devices = (await ownDevices(this.#names)).filter(isStray);
    const namespaces = (await ownNamespaces(this.#names)).filter(isStray);
    const lines = [
      ...devices.map(({ name }) => `link del dev ${name}`),
      ...namespaces.map(({ name }) => `netns del ${name}`),
    ];
    if (lines.length > 0) await ipBatchForced(lines, signal);
    return [
      ...devices.map(({ name }) => deviceNamed(name)),
      ...namespaces.map(({ name }) => `network namespace ${name}`),
    ];
  }
}

function deviceNamed(name: string): string {
  return `network device ${name}`;
}
