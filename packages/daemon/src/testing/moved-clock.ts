/** The host's time, and as much more as the test says. */

import type { Clock } from "#core/ports/clock.ts";

export class MovedClock implements Clock {
  #aheadMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}
