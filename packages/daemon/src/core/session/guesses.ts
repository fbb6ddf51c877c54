/**
 * Slows down whoever tries one token after another. A right token is never held up, whatever others
 * try: only answers to wrong ones wait. It is for tokens that people made up; one of the daemon's own
 * making cannot be guessed.
 */

import { pause } from "#lib/patience.ts";

import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

/** wrong tokens that are answered at once, when there was none for long */
const FREE_GUESSES = 1_000;
const FREE_AGAIN_PER_SECOND = 10;
/** how long the answer to any further one waits, in ms */
const HOLD_MS = 2_000;
/** answers that wait at a time; what comes beyond is refused without waiting */
const MAX_HELD = 200;
/** between two words about it in the log, in ms */
const SAY_EVERY_MS = 60_000;

export class Guesses {
  readonly #clock: Clock;
  readonly #log: Log;
  #free = FREE_GUESSES;
  #at: number;
  #saidAt = Number.NEGATIVE_INFINITY;
  #held = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#at = clock.now().getTime();
  }

  /** After a wrong token. @param signal ends the waiting: whoever left needs no answer */
  async wrong(signal: AbortSignal): Promise<void> {
    this.#refill();
    if (this.#free >= 1) {
      this.#free -= 1;
      return;
    }
    this.#say();
    if (this.#held >= MAX_HELD) return;
    this.#held += 1;
    await pause(HOLD_MS, signal).catch(() => undefined);
    this.#held -= 1;
  }

  #refill(): void {
    const now = this.#clock.now().getTime();
    const more = Math.max(0, ((now - this.#at) / 1_000) * FREE_AGAIN_PER_SECOND);
    this.#free = Math.min(FREE_GUESSES, this.#free + more);
    this.#at = now;
  }

  #say(): void {
    if (this.#at - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = this.#at;
    const reason = "Many requests carry wrong tokens: somebody may be guessing";
    this.#log.warn("auth.many_wrong_tokens", { reason });
  }
}
