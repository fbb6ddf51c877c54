/**
 * Lets machines come into being one after the other, each only if the host has room for it.
 *
 * Owns the queue; what is held already is asked anew each time.
 */

import { Turnstile } from "#lib/turnstile.ts";

import { admitNow } from "../host/admission.ts";
import type { CapacityLimits, Share } from "../host/capacity.ts";
import type { HostFacts } from "../ports/host-facts.ts";

export class Admissions {
  readonly #turns = new Turnstile();
  readonly #hostFacts: HostFacts;
  readonly #limits: CapacityLimits;
  readonly #held: () => readonly Share[];
  readonly #others = new Set<Share>();

  /** @param held what the machines have that run or are about to */
  constructor(hostFacts: HostFacts, limits: CapacityLimits, held: () => readonly Share[]) {
    this.#hostFacts = hostFacts;
    this.#limits = limits;
    this.#held = held;
  }

  /**
   * Waits for a turn. The next one comes when this is disposed: by then the share must be held.
   * @throws AlcoveError `no_capacity`
   */
  async enter(wanted: Share, signal: AbortSignal): Promise<Disposable> {
    const turn = await this.#turns.enter(signal);
    try {
      const held = [...this.#held(), ...this.#others];
      await admitNow(wanted, held, this.#hostFacts, this.#limits);
      return turn;
    } catch (error) {
      turn[Symbol.dispose]();
      throw error;
    }
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
}
