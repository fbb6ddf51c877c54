/** Answers that hold for a while, so that nobody is asked the same again and again. */

import type { Clock } from "#core/ports/clock.ts";

/** answers that are kept; the oldest go first */
const MAX_REMEMBERED = 1_000;

export class Remembered<T> {
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly answer: T; readonly at: number }>();

  constructor(ttlMs: number, clock: Clock) {
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  /** Asks unless the answer is known. A failure is not remembered. */
  async get(question: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(question);
    const now = this.#clock.now().getTime();
    if (known && now - known.at < this.#ttlMs) return known.answer;
    const answer = await ask();
    this.#answers.delete(question);
    this.#answers.set(question, { answer, at: now });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_REMEMBERED && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }
}
