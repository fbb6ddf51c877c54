/** Remembers for as long as needed what has been used, so that it is used once. */

import type { Clock } from "../../ports/clock.ts";

/** things that are remembered at a time; more are refused rather than any forgotten */
const MAX_USED = 65_536;
const SWEEP_EVERY_MS = 1000;

export class OnceOnly {
  readonly #clock: Clock;
  /** by name, until when; milliseconds since 1970 */
  readonly #used = new Map<string, number>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Asks and remembers in one step, so that of two at the same time one is the first.
   * @param until when it could not be used any more anyway, in milliseconds since 1970
   * @returns `full` when too much is remembered to remember this, too
   */
  use(name: string, until: number): "first" | "again" | "full" {
    this.#sweep();
    if (this.#used.has(name)) return "again";
    if (this.#used.size >= MAX_USED) return "full";
    this.#used.set(name, until);
    return "first";
  }

  #sweep(): void {
    const now = this.#clock.now().getTime();
    if (Math.abs(now - this.#sweptAt) < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    for (const [name, until] of this.#used) if (until < now) this.#used.delete(name);
  }
}
