/**
 * Lets machines come into being one after the other, each only if the host has room for it.
 *
 * Owns the queue; what is held already is asked anew each time.
 */

import { Turnstile } from "#lib/turnstile.ts";

import { AlcoveError } from "../errors.ts";
import { admitNow, roomNow } from "../host/admission.ts";
import type { CapacityLimits, Room, Share } from "../host/capacity.ts";
import type { HostFacts } from "../ports/host-facts.ts";
import type { MadeAhead } from "./made-ahead.ts";

export interface AdmissionDeps {
  readonly hostFacts: HostFacts;
  readonly limits: CapacityLimits;
  /** what gives way to all others */
  readonly ahead: MadeAhead;
}

export class Admissions {
  readonly #turns = new Turnstile();
  readonly #deps: AdmissionDeps;
  readonly #held: () => readonly Share[];
  readonly #others = new Set<Share>();

  /** @param held what the machines have that run or are about to */
  constructor(deps: AdmissionDeps, held: () => readonly Share[]) {
    this.#deps = deps;
    this.#held = held;
  }

  /**
   * Waits for a turn. The next one comes when this is disposed: by then the share must be held.
   * @throws AlcoveError `no_capacity`
   */
  async enter(wanted: Share, signal: AbortSignal): Promise<Disposable> {
    return this.#enter(() => this.#makeRoom(wanted), signal);
  }

  /** The same for what can be done without: nothing gives way to it. */
  async enterIfSpare(wanted: Share, signal: AbortSignal): Promise<Disposable> {
    return this.#enter(() => this.#admit(wanted, this.#deps.ahead.shares()), signal);
  }

  /**
   * Holds a share for a machine that is no VM's, until this is disposed.
   * @throws AlcoveError `no_capacity`
   */
  async hold(wanted: Share, signal: AbortSignal): Promise<Disposable> {
    using _turn = await this.enter(wanted, signal);
    const share = { ...wanted };
    this.#others.add(share);
    return { [Symbol.dispose]: () => void this.#others.delete(share) };
  }

  /** What could be admitted now: machines made ahead give way. @param known VMs in any phase */
  async room(known: number): Promise<Room> {
    const { hostFacts, limits } = this.#deps;
    return await roomNow({ held: [...this.#held(), ...this.#others], known }, hostFacts, limits);
  }

  async #enter(admit: () => Promise<void>, signal: AbortSignal): Promise<Disposable> {
    const turn = await this.#turns.enter(signal);
    try {
      await admit();
      return turn;
    } catch (error) {
      turn[Symbol.dispose]();
      throw error;
    }
  }

  /** What does not fit even into a host without machines made ahead costs none of them its place. */
  async #makeRoom(wanted: Share): Promise<void> {
    const { ahead } = this.#deps;
    for (;;) {
      try {
        return await this.#admit(wanted, ahead.shares());
      } catch (error) {
        if (!AlcoveError.is(error, "no_capacity")) throw error;
        await this.#admit(wanted, []);
        if (!(await ahead.giveWay(() => true))) throw error;
      }
    }
  }

  async #admit(wanted: Share, ahead: readonly Share[]): Promise<void> {
    const { hostFacts, limits } = this.#deps;
    await admitNow(wanted, [...this.#held(), ...this.#others, ...ahead], hostFacts, limits);
  }
}
