/**
 * What stands on the host for all VMs together: bridges, and the tables of the packet filter.
 *
 * Everything is raised when the first VM needs it and stays until `lower`. It keeps what is in use, so that
 * the rules can be loaded as a whole whenever a network is added.
 */

import { bridgePlan } from "#core/network/bridge-plan.ts";
import { localNetwork } from "#core/network/local-plan.ts";
import type { BridgeNetwork, PortRedirect } from "#core/network/network.ts";
import { Turnstile } from "#lib/turnstile.ts";

import { mustBeFree, raiseBridge, removeIdleBridges } from "./bridges.ts";
import { forwardIpv4, forwardIpv6 } from "./forwarding.ts";
import { type BridgedNetwork, type HostRules, hostRules, noRules } from "./host-rules.ts";
import type { Names } from "./names.ts";
import { deviceExists, hasIpv6, ownerOf } from "./presence.ts";
import { type RoutedGuest, RoutedGuests, type Undo } from "./routed-guests.ts";
import { admitTap, forgetTap, type TapSource } from "./tap-rules.ts";
import { nft } from "./tools.ts";

/** What VMs use of it. */
export interface InUse {
  readonly bridges: readonly BridgedNetwork[];
  /** CIDRs */
  readonly ranges: readonly string[];
  readonly taps: readonly TapSource[];
  readonly routed: readonly RoutedInUse[];
  /** whether there are rules for routed VMs, in use or not */
  readonly hasRoutedRules: boolean;
}

export interface RoutedInUse {
  readonly guest: RoutedGuest;
  /** ports that led to it before */
  readonly redirects: readonly PortRedirect[];
}

/** What holds for all guests of a host. */
export type GuestPolicy = Pick<HostRules, "guestToHost" | "users">;

export class HostTable {
  readonly #names: Names;
  readonly #policy: GuestPolicy;
  readonly #turns = new Turnstile();
  readonly #bridges = new Map<string, BridgedNetwork>();
  readonly #ranges = new Set<string>();
  readonly #taps = new Map<string, TapSource>();
  readonly #routed = new RoutedGuests();
  readonly #external: string | undefined;
  #hasArp = false;

  /** @param external the one device by which routed VMs reach the world; `undefined` is any that is not ours */
  constructor(names: Names, policy: GuestPolicy, external: string | undefined) {
    this.#names = names;
    this.#policy = policy;
    this.#external = external;
  }

  /** Sees to it that a bridge is there, and the rules for its network. */
  async useBridge(name: string, network: BridgeNetwork, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const plan = bridgePlan(network);
    const key = `${name} ${plan.network}`;
    if (this.#bridges.has(key) && deviceExists(name)) return;
    await raiseBridge(this.#names, name, plan, signal);
    this.#bridges.set(key, { bridge: name, network: plan.network });
    await this.#loadOr(() => this.#bridges.delete(key), signal);
  }

  /** Sees to it that isolated VMs of a range reach the world and nothing else. */
  async useRange(range: string, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (this.#ranges.has(range)) return;
    mustBeFree(range, (device) => this.#names.isLink(device));
    this.#ranges.add(range);
    await this.#loadOr(() => this.#ranges.delete(range), signal);
  }

  async admit(source: TapSource, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    await nft(admitTap(this.#names.table, source), signal);
    this.#taps.set(source.tap, source);
  }

  async forget(tap: string, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const source = this.#taps.get(tap);
    if (!source) return;
    this.#taps.delete(tap);
    await nft(forgetTap(this.#names.table, source), signal);
  }

  /** Changes what is routed; when the rules are not taken, it is as if nothing had been asked. */
  async changeRouted(
    change: (routed: RoutedGuests) => Undo | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const undo = change(this.#routed);
    if (undo) await this.#loadOr(undo, signal);
  }

  /** Loads the rules again, whatever has become of them. */
  async reload(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    await this.#load(signal);
  }

  /** After an earlier daemon: its rules are replaced by those for the VMs that it left, or removed. */
  async takeOver(inUse: InUse, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const { bridges, ranges, taps, routed, hasRoutedRules } = inUse;
    this.#hasArp ||= hasRoutedRules;
    for (const it of bridges) this.#bridges.set(`${it.bridge} ${it.network}`, it);
    for (const range of ranges) this.#ranges.add(range);
    for (const source of taps) this.#taps.set(source.tap, source);
    for (const { guest, redirects } of routed) {
      this.#routed.admit(guest);
      this.#routed.want(guest.tap, redirects);
    }
    try {
      await this.#load(signal);
    } catch (error) {
      signal.throwIfAborted();
      // A host that lets nobody remove rules did not let an earlier daemon make any.
      if (this.#isUsed) throw error;
    }
  }

  /** @returns the bridges that were removed, because no network in use is theirs */
  async removeIdleBridges(signal: AbortSignal): Promise<readonly string[]> {
    using _turn = await this.#turns.enter(signal);
    return this.#removeIdle(signal);
  }

  #removeIdle(signal: AbortSignal): Promise<readonly string[]> {
    const used = new Set([...this.#bridges.values()].map(({ bridge }) => bridge));
    return removeIdleBridges(this.#names, used, signal);
  }

  /** No VM is left: rules and bridges go. */
  async lower(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const wasUsed = this.#isUsed;
    this.#bridges.clear();
    this.#ranges.clear();
    this.#taps.clear();
    this.#routed.clear();
    await this.#removeIdle(signal);
    if (wasUsed) await nft(noRules(this.#names.table, this.#hasArp), signal);
  }

  get #isUsed(): boolean {
    return this.#bridges.size > 0 || this.#ranges.size > 0 || this.#routed.all().length > 0;
  }

  /** What is not in force must not count as used. */
  async #loadOr(forget: () => unknown, signal: AbortSignal): Promise<void> {
    try {
      await this.#load(signal);
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { table, linkPattern, tag } = this.#names;
    if (!this.#isUsed) {
      await nft(noRules(table, this.#hasArp), signal);
      this.#hasArp = false;
      return;
    }
    const rules = hostRules({
      table,
      linkPattern,
      bridges: [...this.#bridges.values()],
      ranges: [...this.#ranges],
      localNetwork: localNetwork(tag),
      taps: [...this.#taps.values()],
      hasArp: this.#hasArp,
      routed: this.#routed.all(),
      targets: this.#routed.targets(),
      external: this.#external,
      ...this.#policy,
    });
    await nft(rules, signal);
    this.#hasArp = this.#routed.all().length > 0;
    await forwardIpv4();
    if (!hasIpv6()) return;
    await forwardIpv6(async (device) => (await ownerOf(device, this.#names)) !== undefined);
  }
}
