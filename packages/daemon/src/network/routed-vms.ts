/** VMs that the host routes to: a tap each, which the host is a neighbour on, and rules that keep each to its own addresses. */

import { linkLocal } from "#core/network/local-plan.ts";
import type { RoutedNetwork } from "#core/network/network.ts";
import { routedGuestIpv6 } from "#core/network/routed-plan.ts";
import type { GuestIpv6 } from "#core/ports/guest-network.ts";
import type { NetworkPlan } from "#core/ports/machine.ts";
import type { VmRecord } from "#core/vm/vm.ts";
import { formatIpv6, parseIpv6 } from "#lib/ipv6.ts";

import { routedAddressLines, type RoutedTap, routedTapLines } from "./devices.ts";
import type { HostTable } from "./host-table.ts";
import type { Names } from "./names.ts";
import { NeighbourProxy } from "./neighbour-proxy.ts";
import { deviceExists, hasIpv6, networkInWay, ownerOf } from "./presence.ts";
import type { RoutedGuest } from "./routed-guests.ts";
import { ipBatch } from "./tools.ts";

/** How routed VMs are connected to the world. */
export interface WorldSettings {
  /**
   * the one device by which they reach the world and are reached; `undefined`: any that is not ours, and for
   * `ndpProxy` that of the default route
   */
  readonly external: string | undefined;
  /** whether the host answers its neighbours' questions for the IPv6 addresses of these VMs */
  readonly ndpProxy: boolean;
}

export class RoutedVms {
  readonly #names: Names;
  readonly #table: HostTable;
  /** `undefined`: somebody else sees to it that the world finds the VMs */
  readonly #proxy: NeighbourProxy | undefined;

  constructor(names: Names, table: HostTable, world: WorldSettings) {
    this.#names = names;
    this.#table = table;
    this.#proxy = world.ndpProxy ? new NeighbourProxy(world.external) : undefined;
  }

  async prepare(vm: VmRecord, network: RoutedNetwork, signal: AbortSignal): Promise<NetworkPlan> {
    const guest = this.guestOf(vm, network);
    await this.#mustBeFree(vm, network);
    await this.release(vm, network, signal);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => this.release(vm, network, AbortSignal.timeout(UNDO_TIMEOUT_MS)));
    await this.#table.changeRouted((routed) => routed.admit(guest), signal);
    await ipBatch(routedTapLines(this.#tapOf(vm, network)), signal);
    await this.#announce(guest, signal);
    undo.move();
    return { mode: "routed", mac: vm.mac, tap: network.tap, namespace: undefined };
  }

  /** What it has on the host is given to it again, in place: QEMU holds on to the tap. @throws Error when that is gone */
  async restore(vm: VmRecord, network: RoutedNetwork, signal: AbortSignal): Promise<void> {
    if ((await this.#ownerOf(network.tap)) !== vm.id) {
      throw new Error(`The network device ${network.tap} is gone: stop the VM and start it`);
    }
    const guest = this.guestOf(vm, network);
    await this.#table.changeRouted((routed) => routed.admit(guest), signal);
    await ipBatch(routedAddressLines(this.#tapOf(vm, network)), signal);
    await this.#announce(guest, signal);
  }

  async release(vm: VmRecord, network: RoutedNetwork, signal: AbortSignal): Promise<void> {
    if ((await this.#ownerOf(network.tap)) === vm.id) {
      await ipBatch([`link del dev ${network.tap}`], signal);
    }
    await this.#table.changeRouted((routed) => routed.forget(vm.id), signal);
    await this.#proxy?.remove([canonical(network.ipv6.guest)], signal);
  }

  /** The world is not told of these any more. @param former addresses that it may have been told of, bare */
  async withdraw(former: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#proxy?.remove(former, signal);
  }

  guestOf(vm: VmRecord, { tap, ipv4, ipv6, internet }: RoutedNetwork): RoutedGuest {
    const { id, mac } = vm;
    const addresses6 = { address: canonical(ipv6.guest), linkLocal: linkLocal(mac) };
    return {
      id,
      tap,
      mac,
      address: ipv4.guest,
      ipv6: hasIpv6() ? addresses6 : undefined,
      internet,
    };
  }

  /** @returns `undefined` where the host has none */
  ipv6Of(network: RoutedNetwork): GuestIpv6 | undefined {
    return hasIpv6() ? routedGuestIpv6(network) : undefined;
  }

  async #announce({ ipv6, internet }: RoutedGuest, signal: AbortSignal): Promise<void> {
    if (ipv6 && internet) await this.#proxy?.add(ipv6.address, signal);
  }

  #tapOf(vm: VmRecord, { tap, ipv4, ipv6 }: RoutedNetwork): RoutedTap {
    return {
      name: tap,
      mac: this.#names.hostMac(tap),
      mark: this.#names.mark(vm.id),
      ipv4: `${ipv4.host}/${prefixOf(ipv4.network)}`,
      ipv6: hasIpv6() ? `${ipv6.host}/${prefixOf(ipv6.network)}` : undefined,
    };
  }

  /** @throws Error when somebody else has the tap's name or is in one of its networks */
  async #mustBeFree(vm: VmRecord, { tap, ipv4, ipv6 }: RoutedNetwork): Promise<void> {
    if (tap === "" || tap.length > MAX_INTERFACE_CHARS) {
      throw new Error(`A network device has a name of 1 to ${MAX_INTERFACE_CHARS} characters`);
    }
    if (deviceExists(tap) && (await this.#ownerOf(tap)) !== vm.id) {
      throw new Error(`The network device ${tap} is somebody else's: remove it first`);
    }
    const other = networkInWay({ tap, ipv4, ipv6 });
    if (!other) return;
    const where = `${other.cidr} of the host's device ${other.device}`;
    const networks = `${ipv4.network} or ${ipv6.network}`;
    throw new Error(`The network ${networks} overlaps ${where}: choose other addresses for VMs`);
  }

  #ownerOf(tap: string): Promise<string | undefined> {
    return ownerOf(tap, this.#names);
  }
}

/** what Linux takes as the name of a device */
const MAX_INTERFACE_CHARS = 15;

const UNDO_TIMEOUT_MS = 10_000;

function prefixOf(network: string): string {
  return network.split("/")[1] ?? "";
}

/** As the kernel writes it, so that it is found again there. */
function canonical(ipv6: string): string {
  const number = parseIpv6(ipv6);
  if (number === undefined) throw new Error(`invariant: a guest has an IPv6, not ${ipv6}`);
  return formatIpv6(number);
}
