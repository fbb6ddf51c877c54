/** Has machines that crashed started again: after a pause, and a longer one each time. */

import type { Clock } from "../../ports/clock.ts";
import type { ItemHash } from "../item-hash.ts";
import { type Background, Waits } from "./background.ts";
import type { Execution } from "./execution.ts";
import { RestartPauses } from "./restart-pauses.ts";

export interface RestartsDeps {
  readonly background: Background;
  /** the first pause, in `ms` */
  readonly restartPauseMs: number;
  readonly clock: Clock;
}

export class Restarts {
  readonly #clock: Clock;
  readonly #restart: (vmHash: ItemHash, life: AbortSignal) => Promise<void>;
  readonly #waits: Waits<ItemHash>;
  readonly #pauses: RestartPauses;

  constructor(
    { background, restartPauseMs, clock }: RestartsDeps,
    restart: (vmHash: ItemHash, life: AbortSignal) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#restart = restart;
    this.#waits = new Waits(background);
    this.#pauses = new RestartPauses(restartPauseMs);
  }

  /** Does nothing for one that is waited for already. */
  later({ vmHash, record }: Execution): void {
    if (this.#waits.has(vmHash)) return;
    const started = record.times.started?.getTime() ?? Infinity;
    const ms = this.#pauses.next(vmHash, this.#clock.now().getTime() - started);
    this.#waits.set(vmHash, ms, (life) => this.#restart(vmHash, life));
  }

  /** Somebody has said what becomes of it: nothing is waited for, and the next pause is a short one. */
  calm(vmHash: ItemHash): void {
    this.#waits.clear(vmHash);
    this.#pauses.forget(vmHash);
  }
}
