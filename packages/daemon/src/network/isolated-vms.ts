/** Isolated VMs: a network namespace each, with the tap, the packet filter and the QEMU in it, and a link to the host. */

import path from "node:path";

import { type Egress, egressFor, policyFor } from "#core/network/egress.ts";
import { nameServers } from "#core/network/guest-network.ts";
import { INSIDE, isolatedRange, linkOf } from "#core/network/isolated-plan.ts";
import { INSIDE_IPV6, localLink } from "#core/network/local-plan.ts";
import type { IsolatedNetwork } from "#core/network/network.ts";
import type { GuestIpv6 } from "#core/ports/guest-network.ts";
import type { NetworkPlan } from "#core/ports/machine.ts";
import { mustHaveAddress, type VmRecord } from "#core/vm/vm.ts";

import { insideLines, type LinkEnds, linkLines } from "./devices.ts";
import type { HostTable } from "./host-table.ts";
import { type Names, NAMESPACES, TAP_INSIDE } from "./names.ts";
import { namespaceRules } from "./namespace-rules.ts";
import { deviceExists, hasIpv6, hostNetworks, namespaceExists } from "./presence.ts";
import { inNamespace, ipBatch, ipBatchForced } from "./tools.ts";

export class IsolatedVms {
  readonly #names: Names;
  readonly #table: HostTable;

  constructor(names: Names, table: HostTable) {
    this.#names = names;
    this.#table = table;
  }

  async prepare(vm: VmRecord, network: IsolatedNetwork, signal: AbortSignal): Promise<NetworkPlan> {
    const namespace = this.#names.namespace(vm.id);
    const device = this.#names.link(vm.networkSlot);
    const ends = this.#endsOf(vm);
    await this.#table.useRange(this.rangeOf(vm, network), signal);
    await this.release(vm, signal);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => this.release(vm, AbortSignal.timeout(UNDO_TIMEOUT_MS)));
    await ipBatch(linkLines({ namespace, device, mark: this.#names.mark(vm.id), ends }), signal);
    const where = path.join(NAMESPACES, namespace);
    const rules = namespaceRules(ends, this.#egressOf(vm, network));
    await inNamespace(where, { ip: insideLines(ends), rules }, signal);
    undo.move();
    return { mode: "isolated", mac: INSIDE.mac, tap: TAP_INSIDE, namespace: where };
  }

  /** The link first: a namespace goes some time after its name, and would keep the link's name taken. */
  async release(vm: VmRecord, signal: AbortSignal): Promise<void> {
    const device = this.#names.link(vm.networkSlot);
    const namespace = this.#names.namespace(vm.id);
    const lines = [
      ...(deviceExists(device) ? [`link del dev ${device}`] : []),
      ...(namespaceExists(namespace) ? [`netns del ${namespace}`] : []),
    ];
    if (lines.length > 0) await ipBatchForced(lines, signal);
  }

  /** @returns `undefined` where the host has none */
  guestIpv6(): GuestIpv6 | undefined {
    return hasIpv6() ? INSIDE_IPV6 : undefined;
  }

  #endsOf(vm: VmRecord): LinkEnds {
    const link = linkOf(mustHaveAddress(vm));
    return { link, link6: hasIpv6() ? localLink(this.#names.tag, link) : undefined };
  }

  rangeOf(vm: VmRecord, network: IsolatedNetwork): string {
    return isolatedRange(network, vm.group);
  }

  /** The host's networks as they are when the VM starts. */
  #egressOf(vm: VmRecord, network: IsolatedNetwork): Egress {
    const { override, dns } = vm.spec.network;
    const others = hostNetworks().filter(({ device }) => !this.#names.isLink(device));
    return egressFor(policyFor(network, override), {
      hostNetworks: others.map(({ cidr }) => cidr),
      dns: nameServers(dns),
    });
  }
}

const UNDO_TIMEOUT_MS = 10_000;
