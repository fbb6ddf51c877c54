/**
 * Where the memory of VMs is while they have no machine.
 *
 * Owns the room that is promised on the disk to states being written. Which state counts is in the
 * VM's record: a name of its own for each suspension, so that memory which does not fit the disk any
 * more can never be taken for the one that does.
 */

import { AlcoveError } from "../errors.ts";
import { admitFile, type CapacityLimits } from "../host/capacity.ts";
import type { DiskStore, StateOfVm } from "../ports/disk-store.ts";
import type { HostFacts } from "../ports/host-facts.ts";
import type { Hypervisor, MachineStates } from "../ports/hypervisor.ts";
import type { BootPlan, Machine, Saving } from "../ports/machine.ts";
import type { VmRecord } from "./vm.ts";

export interface KeptMemoryDeps {
  readonly hypervisor: Hypervisor;
  readonly disks: DiskStore;
  readonly hostFacts: HostFacts;
  readonly limits: CapacityLimits;
}

export class KeptMemory {
  readonly #deps: KeptMemoryDeps;
  #promisedBytes = 0;

  constructor(deps: KeptMemoryDeps) {
    this.#deps = deps;
  }

  /** @throws AlcoveError `unsupported` when machines of this hypervisor cannot be saved */
  savingOf(machine: Machine): Saving {
    if (machine.saving && machine.pausing) return machine.saving;
    throw this.#unsupported("suspend");
  }

  /**
   * Saves a machine that stands still as the state that the record names.
   * @throws AlcoveError `no_capacity`; then, as after any failure, there is no state
   */
  async save(machine: Machine, record: VmRecord, signal: AbortSignal): Promise<void> {
    const saving = this.savingOf(machine);
    using _room = await this.#promiseRoom(saving.maxSizeBytes());
    await saving.save(this.#pathOf(record), "durable", signal);
  }

  /**
   * Saves a machine that stands still for others to begin with, beside what its VM keeps.
   * @throws AlcoveError as `save` does
   */
  async saveAside(machine: Machine, { vmId, name }: StateOfVm, signal: AbortSignal): Promise<void> {
    const saving = this.savingOf(machine);
    using _room = await this.#promiseRoom(saving.maxSizeBytes());
    await saving.save(this.#deps.disks.statePath(vmId, name), "passing", signal);
  }

  /** @throws AlcoveError `no_capacity` when the state of a machine would not find room now, `unsupported` */
  async checkRoom(machine: Machine, besidesBytes: number): Promise<void> {
    using _room = await this.#promiseRoom(this.savingOf(machine).maxSizeBytes() + besidesBytes);
  }

  /**
   * Room for the memory of a machine that is no VM's, held until this is disposed.
   * @throws AlcoveError `no_capacity`
   */
  async roomFor({ saving }: Machine): Promise<Disposable> {
    return this.#promiseRoom(saving?.maxSizeBytes() ?? 0);
  }

  /** whether the state that the record names is there, all of it */
  async isThere(record: VmRecord): Promise<boolean> {
    if (!record.state.saved) return false;
    return (await this.#deps.hypervisor.states?.find(this.#pathOf(record))) !== undefined;
  }

  /** @throws AlcoveError `unsupported` when this hypervisor makes no machines from states */
  mustRestore(): MachineStates {
    const { states } = this.#deps.hypervisor;
    if (states) return states;
    throw this.#unsupported("restore");
  }

  /** @returns the machine, standing still; the state stays */
  restore(record: VmRecord, plan: BootPlan, signal: AbortSignal): Promise<Machine> {
    return this.mustRestore().restore(plan, this.#pathOf(record), signal);
  }

  /** Removes what the record does not name, or no longer. */
  async tidy(record: VmRecord): Promise<void> {
    await this.#deps.disks.keepOnlyState(record.id, record.state.saved?.name);
  }

  /** Held until the state is written: then the file system counts it. */
  async #promiseRoom(bytes: number): Promise<Disposable> {
    const { hostFacts, limits } = this.#deps;
    const { freeBytes } = await hostFacts.disk();
    admitFile(bytes, this.#promisedBytes, freeBytes, limits);
    this.#promisedBytes += bytes;
    return {
      [Symbol.dispose]: () => {
        this.#promisedBytes -= bytes;
      },
    };
  }

  #pathOf({ id, state, hostname }: VmRecord): string {
    if (state.saved) return this.#deps.disks.statePath(id, state.saved.name);
    throw new Error(`invariant: no memory of ${hostname} is kept while it is ${state.phase}`);
  }

  #unsupported(feature: string): AlcoveError {
    const message = `The ${this.#deps.hypervisor.name} hypervisor cannot ${feature} a VM`;
    return new AlcoveError("unsupported", message, { feature });
  }
}
