/** Gives out turns: whatever changes an execution is done in its VM's, and a start gives way to a stop. */

import type { ItemHash } from "../item-hash.ts";
import type { Background } from "./background.ts";
import { StartError } from "./start-error.ts";
import { Turns } from "./turns.ts";

export class VmWork {
  readonly #background: Background;
  readonly #turns = new Turns();
  readonly #starts = new Map<ItemHash, AbortController>();

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

  /** Makes a start that is under way give up, so that what comes next has its turn soon. */
  interrupt(vmHash: ItemHash): void {
    const words = "The VM was stopped while it was being started";
    this.#starts.get(vmHash)?.abort(new StartError("VmSetupError", words));
  }

  /** In turn: a step that `interrupt` may end. @throws Interrupted then */
  async interruptibly(
    vmHash: ItemHash,
    step: (signal: AbortSignal) => Promise<void>,
    life: AbortSignal,
  ): Promise<void> {
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
