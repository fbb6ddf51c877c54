/** How long is waited before a machine that crashed is started again: longer each time, until it has run for a while. */

import type { ItemHash } from "../item-hash.ts";

/** Pauses double up to this. */
const MAX_PAUSE_MS = 300_000;

/** a machine that has run for as long as this has not crashed because of what it was started with, in `ms` */
const CALM_MS = 600_000;

export class RestartPauses {
  readonly #firstMs: number;
  /** how often machines have crashed in a row */
  readonly #crashes = new Map<ItemHash, number>();

  /** @param firstMs before the first of several */
  constructor(firstMs: number) {
    this.#firstMs = firstMs;
  }

  /** Counts a crash. @param ranMs how long the machine has run; below 0 if it never came to that */
  next(vmHash: ItemHash, ranMs: number): number {
    const before = ranMs >= CALM_MS ? 0 : (this.#crashes.get(vmHash) ?? 0);
    this.#crashes.set(vmHash, before + 1);
    return Math.min(this.#firstMs * 2 ** before, MAX_PAUSE_MS);
  }

  /** Somebody has started or stopped it. */
  forget(vmHash: ItemHash): void {
    this.#crashes.delete(vmHash);
  }
}
