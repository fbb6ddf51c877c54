/**
 * The course of one VM's life so far: its record, and the only way to change it.
 *
 * Every change goes through `apply`, which checks the lifecycle table, stores the new
 * state and announces it, in that order. It knows nothing of machines.
 */

import { AlcoveError } from "../errors.ts";
import type { LayerId } from "../ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { GuestReceipt } from "../ports/guest-identity.ts";
import type { Log } from "../ports/log.ts";
import type { Declaration, VmStore } from "../ports/vm-store.ts";
import { hasMachine, keepsMemory, nextPhase, type VmInput, type VmPhase } from "./lifecycle.ts";
import type { SavedMemory, VmOrigin, VmRecord } from "./vm.ts";

export interface LifeDeps {
  readonly store: VmStore;
  readonly clock: Clock;
  /** bound to this VM */
  readonly log: Log;
  /** told of every change of phase, after it is stored */
  readonly announce: () => void;
  /** told of every other change that lists show, after it is stored */
  readonly touched: () => void;
}

/** What comes with a change. */
export interface Facts {
  /** why, for people */
  readonly reason?: string | undefined;
  /** the driver's handle, when there is a new machine */
  readonly machine?: string;
  /** where memory is about to be kept */
  readonly saved?: SavedMemory;
}

export class VmLife {
  readonly #deps: LifeDeps;
  #record: VmRecord;

  constructor(record: VmRecord, deps: LifeDeps) {
    this.#record = record;
    this.#deps = deps;
  }

  get record(): VmRecord {
    return this.#record;
  }

  get phase(): VmPhase {
    return this.#record.state.phase;
  }

  /** @throws AlcoveError `wrong_phase`, or what the store says; then nothing has changed */
  apply(input: VmInput, { reason, machine: handle, saved: keep }: Facts = {}): void {
    const { store, clock, log, announce } = this.#deps;
    const from = this.phase;
    const phase = this.check(input);
    const at = clock.now();
    const { id, hostname, state: before } = this.#record;
    const machine = hasMachine(phase) ? (handle ?? before.machine) : undefined;
    const saved = keepsMemory(phase) ? (keep ?? before.saved) : undefined;
    const state = { phase, since: at, reason, machine, saved };
    store.saveState(id, state, { vmId: id, hostname, at, input, phase, reason });
    log.info("vm.phase", { from, to: phase, input, reason });
    this.#record = { ...this.#record, state };
    announce();
  }

  /** Tags are no part of the course: nobody acts on them. */
  setTags(tags: readonly string[]): void {
    const { id, spec } = this.#record;
    this.#deps.store.saveTags(id, tags);
    this.#record = { ...this.#record, spec: { ...spec, tags } };
    this.#deps.touched();
  }

  /** Nor is what its disk stands on. */
  setGround(layer: LayerId | undefined, origin: VmOrigin): void {
    this.#deps.store.saveGround(this.#record.id, layer, origin);
    this.#record = { ...this.#record, layer, origin };
    this.#deps.touched();
  }

  /** The same where it is stored already. */
  standsOn(layer: LayerId): void {
    this.#record = { ...this.#record, layer };
  }

  /** Nor is what the agent of a copy has confirmed. */
  setReceipt(receipt: GuestReceipt): void {
    this.#deps.store.saveReceipt(this.#record.id, receipt);
    this.#record = { ...this.#record, receipt };
    this.#deps.touched();
  }

  /** Nor is what the configuration makes of the VM. */
  redeclare(declaration: Declaration): void {
    this.#deps.store.saveDeclaration(this.#record.id, declaration);
    this.#record = { ...this.#record, ...declaration };
    this.#deps.touched();
  }

  /** @returns the phase that would follow */
  check(input: VmInput): VmPhase {
    return nextPhase(this.phase, input) ?? this.refuse(input);
  }

  refuse(input: string): never {
    const { hostname } = this.#record;
    const message = `Cannot ${input} ${hostname}: it is ${this.phase}`;
    throw new AlcoveError("wrong_phase", message, { hostname, phase: this.phase, input });
  }
}
