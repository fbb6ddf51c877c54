/** A question that is expensive to answer: asked once at a time, and its answer given again for a while. */

import { unlessAborted } from "#lib/patience.ts";

import type { Clock } from "../../ports/clock.ts";

export class RecentAnswer<T> {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #ask: () => Promise<T>;
  #answer: { readonly value: Promise<T>; until: number } | undefined;

  /** @param ask has an end of its own: whoever waits for the answer may leave, and others wait on */
  constructor(clock: Clock, keptMs: number, ask: () => Promise<T>) {
    this.#clock = clock;
    this.#keptMs = keptMs;
    this.#ask = ask;
  }

  /** @param signal leaves; the question goes on for the others */
  get(signal: AbortSignal): Promise<T> {
    const known = this.#answer;
    if (known && this.#clock.now().getTime() < known.until) {
      return unlessAborted(known.value, signal);
    }
    const answer = { value: this.#ask(), until: Number.POSITIVE_INFINITY };
    this.#answer = answer;
    const kept = () => {
      answer.until = this.#clock.now().getTime() + this.#keptMs;
    };
    const forgotten = () => {
      answer.until = 0; // whoever asks next asks anew
    };
    answer.value.then(kept, forgotten);
    return unlessAborted(answer.value, signal);
  }
}
