/** How fast counters rise: what each was when it was last read, and when. */

interface Reading {
  readonly value: number;
  readonly atMs: number;
}

export class CounterWatch<Name extends string> {
  readonly #last = new Map<Name, Reading>();

  /**
   * @param value as it is read; `undefined` when it could not be
   * @param nowMs of a clock that only goes forward
   * @returns per second since it was last read; `undefined` the first time, and where it began anew
   */
  rate(name: Name, value: number | undefined, nowMs: number): number | undefined {
    if (value === undefined) return undefined;
    const last = this.#last.get(name);
    this.#last.set(name, { value, atMs: nowMs });
    if (!last || value < last.value || nowMs <= last.atMs) return undefined;
    return ((value - last.value) * 1_000) / (nowMs - last.atMs);
  }

  /** What is counted from now on is another thing of the same name. */
  forget(): void {
    this.#last.clear();
  }
}
