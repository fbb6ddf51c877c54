/** Ends VMs whose time is over, unless somebody has wanted them kept since. */

import type { Clock } from "../../ports/clock.ts";
import type { ItemHash } from "../item-hash.ts";
import { type Background, Waits } from "./background.ts";
import type { Execution } from "./execution.ts";
import type { Register } from "./register.ts";
import type { VmWork } from "./vm-work.ts";

export interface ExpiriesDeps {
  readonly register: Register;
  readonly background: Background;
  readonly work: VmWork;
  readonly clock: Clock;
}

/** The host's clock may be set meanwhile, and no timer of Node's waits for more than 24 days; in `ms`. */
const LOOK_AGAIN_MS = 60_000;

export class Expiries {
  readonly #deps: ExpiriesDeps;
  readonly #end: (execution: Execution, life: AbortSignal) => Promise<void>;
  readonly #waits: Waits<ItemHash>;

  /** @param end called in the VM's turn */
  constructor(deps: ExpiriesDeps, end: (execution: Execution, life: AbortSignal) => Promise<void>) {
    this.#deps = deps;
    this.#end = end;
    this.#waits = new Waits(deps.background);
  }

  /** Waits for the time that is on record, if there is one; and for no other any more. */
  set({ vmHash, record }: Execution): void {
    const { expiresAt } = record;
    if (!expiresAt) return this.clear(vmHash);
    const ms = expiresAt.getTime() - this.#deps.clock.now().getTime();
    this.#waits.set(vmHash, Math.min(ms, LOOK_AGAIN_MS), (signal) =>
      this.#deps.work.act(vmHash, (life) => this.#expire(vmHash, expiresAt, life), signal),
    );
  }

  clear(vmHash: ItemHash): void {
    this.#waits.clear(vmHash);
  }

  async #expire(vmHash: ItemHash, at: Date, life: AbortSignal): Promise<void> {
    const execution = this.#deps.register.find(vmHash);
    if (!execution?.isIn || execution.record.expiresAt?.getTime() !== at.getTime()) return;
    if (this.#deps.clock.now() < at) return this.set(execution);
    await this.#end(execution, life);
  }
}
