/** Gives out turns: whatever changes an execution is done in its VM's, and a start gives way to a stop. */

import { unlessAborted } from "#lib/patience.ts";

import type { ItemHash } from "../item-hash.ts";
import type { Background } from "./background.ts";
import { StartError } from "./start-error.ts";
import { Turns } from "./turns.ts";

export interface Start {
  readonly step: (signal: AbortSignal) => Promise<void>;
  /** what is done when the step has failed, in place of giving the execution up */
  readonly afterwards?: (life: AbortSignal) => Promise<void>;
}

export class VmWork {
  readonly #background: Background;
  readonly #turns = new Turns();
  readonly #starts = new Map<ItemHash, AbortController>();
  /** what waits for its turn, for all who have asked for it */
  readonly #shared = new Map<ItemHash, Promise<void>>();

  constructor(background: Background) {
    this.#background = background;
  }

  /** Has `work` done in the VM's turn. @param signal gives up the place in the queue; later, only the wait */
  async act<T>(
    vmHash: ItemHash,
    work: (life: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const turn = await this.#turns.enter(vmHash, signal);
    return this.#background.own(async (life) => {
      using _turn = turn;
      return await work(life);
    }, signal);
  }

  /**
   * The same for what anybody may ask for: all who ask before it has begun share one turn, so that others come to
   * theirs. There is one such work for a VM.
   */
  async share(
    vmHash: ItemHash,
    work: (life: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const known = this.#shared.get(vmHash);
    if (known) return await unlessAborted(known, signal);
    const begun = async (life: AbortSignal) => {
      this.#shared.delete(vmHash);
      await work(life);
    };
    const shared = this.act(vmHash, begun, this.#background.life);
    this.#shared.set(vmHash, shared);
    await this.#background.own(() => shared, signal);
    return undefined;
  }

  /**
   * The same for what stops a VM: a start that is under way gives up its turn, and the work is done whether or not the
   * caller waits for it.
   */
  async insist(
    vmHash: ItemHash,
    work: (life: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const words = "The VM was stopped while it was being started";
    this.#starts.get(vmHash)?.abort(new StartError("VmSetupError", words));
    await this.#background.own((life) => this.act(vmHash, work, life), signal);
  }

  /** In turn: a step that gives way to whoever insists. @throws Interrupted then */
  async interruptibly(vmHash: ItemHash, step: Start["step"], life: AbortSignal): Promise<void> {
    const stopper = new AbortController();
    this.#starts.set(vmHash, stopper);
    try {
      await step(AbortSignal.any([life, stopper.signal]));
    } catch (error) {
      throw stopper.signal.aborted ? new Interrupted(stopper.signal.reason) : error;
    } finally {
      this.#starts.delete(vmHash);
    }
  }
}

/** A start gave way to what stops the VM: that has the say about it now. `cause` is what the caller is told. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(cause: unknown) {
    super("the start gave way", { cause });
  }
}
