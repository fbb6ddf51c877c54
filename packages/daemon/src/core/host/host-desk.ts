/** The host as people ask for it: what it is, what it has, what its groups allow, and what is worth a warning. */

import { MIB } from "#lib/bytes.ts";

import type { HostGroup, HostGroups } from "../group/host-group.ts";
import type { Pools } from "../pool/pools.ts";
import type { HostFacts } from "../ports/host-facts.ts";
import type { Acceleration, HostIdentity } from "../ports/host-identity.ts";
import type { Hypervisor } from "../ports/hypervisor.ts";
import type { TemplateDesk } from "../template/template-desk.ts";
import { holdsShare } from "../vm/lifecycle.ts";
import { reservedBytes } from "../vm/memory-of.ts";
import { MIN_MEMORY_MIB } from "../vm/spec.ts";
import type { Vms } from "../vm/vms.ts";
import type { Room } from "./capacity.ts";
import { type HostUse, hostUse } from "./host-state.ts";
import { type HostWarning, hostWarnings } from "./host-warnings.ts";

export interface HostDeskDeps {
  readonly vms: Vms;
  readonly groups: HostGroups;
  readonly hostFacts: HostFacts;
  readonly hypervisor: Pick<Hypervisor, "name" | "isolation">;
  readonly acceleration: Acceleration;
  readonly identity: HostIdentity;
  readonly desk: Pick<TemplateDesk, "enabled" | "list" | "underWay">;
  readonly pools: Pick<Pools, "list">;
  /** whether requests over TCP need a token; `undefined`: nothing listens there */
  readonly tcpAuth: "on" | "off" | undefined;
  /** what must stay free, in bytes */
  readonly diskReserveBytes: number;
  /** what the configuration asks for and does not get, a sentence each */
  readonly configWarnings: readonly string[];
  /** `undefined`: this host is no node of the Aleph network */
  readonly aleph: { readonly port: number } | undefined;
}

export interface HostAccount extends HostUse {
  readonly hypervisor: Pick<Hypervisor, "name" | "isolation">;
  readonly acceleration: Acceleration;
  readonly identity: HostIdentity;
  readonly templates: {
    readonly enabled: boolean;
    readonly ready: number;
    readonly underWay: number;
  };
  /** machines made ahead, of all host groups */
  readonly pools: { readonly size: number; readonly waiting: number; readonly making: number };
  readonly aleph: { readonly port: number } | undefined;
  readonly warnings: readonly HostWarning[];
}

export interface GroupAccount {
  readonly group: HostGroup;
  readonly use: GroupUse;
  /** what the host could still give, the same for all groups */
  readonly free: Room;
  /** of one VM's guest, at the least */
  readonly minMemoryBytes: number;
}

export interface GroupUse {
  /** in any phase */
  readonly vms: number;
  readonly running: number;
  /** promised to those that have a machine */
  readonly vcpus: number;
  /** the same, with what their hypervisors need themselves */
  readonly memoryBytes: number;
}

export class HostDesk {
  readonly #deps: HostDeskDeps;

  constructor(deps: HostDeskDeps) {
    this.#deps = deps;
  }

  async account(): Promise<HostAccount> {
    const { vms, hostFacts, hypervisor, acceleration, identity, desk, aleph } = this.#deps;
    const use = await hostUse(vms, hostFacts);
    const { tcpAuth, diskReserveBytes, configWarnings: config } = this.#deps;
    const { isolation } = hypervisor;
    const facts = { isolation, acceleration, tcpAuth, disk: use.disk, diskReserveBytes, config };
    return {
      ...use,
      hypervisor,
      acceleration,
      identity,
      aleph,
      templates: {
        enabled: desk.enabled,
        ready: desk.list().length,
        underWay: desk.underWay().length,
      },
      pools: this.#pools(),
      warnings: hostWarnings(facts),
    };
  }

  /** in the order of the configuration */
  async groups(): Promise<readonly GroupAccount[]> {
    const { vms, groups } = this.#deps;
    const free = await vms.admissions.room(vms.all().length);
    const uses = useByGroup(vms);
    return groups.all().map((group) => ({
      group,
      use: uses.get(group.name) ?? NO_USE,
      free,
      minMemoryBytes: MIN_MEMORY_MIB * MIB,
    }));
  }

  #pools(): HostAccount["pools"] {
    const sum = { size: 0, waiting: 0, making: 0 };
    for (const { size, waiting, making } of this.#deps.pools.list()) {
      sum.size += size;
      sum.waiting += waiting;
      sum.making += making;
    }
    return sum;
  }
}

const NO_USE: GroupUse = { vms: 0, running: 0, vcpus: 0, memoryBytes: 0 };

function useByGroup(vms: Pick<Vms, "list">): ReadonlyMap<string, GroupUse> {
  const uses = new Map<string, GroupUse>();
  for (const vm of vms.list()) {
    const { phase, record } = vm;
    const { group, spec } = record;
    const use = uses.get(group) ?? NO_USE;
    uses.set(group, {
      vms: use.vms + 1,
      running: use.running + (phase === "running" ? 1 : 0),
      vcpus: use.vcpus + (holdsShare(phase) ? spec.vcpus : 0),
      memoryBytes: use.memoryBytes + reservedBytes(vm),
    });
  }
  return uses;
}
