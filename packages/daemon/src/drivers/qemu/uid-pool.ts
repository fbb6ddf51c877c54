/**
 * Gives every live QEMU a user of its own, so that one that breaks out of its guest finds nothing
 * that belongs to another.
 *
 * Users are numbers from a range that nobody else uses; there are no accounts. The range is looked
 * through once for processes of an earlier daemon; adopting one of those takes its number over.
 */

import { livePids, userOf } from "./processes.ts";

export interface UidRange {
  readonly base: number;
  readonly count: number;
}

export class UidPool {
  readonly #range: UidRange;
  readonly #taken = new Set<number>();
  #next = 0;
  #surveyed = false;

  constructor(range: UidRange) {
    this.#range = range;
  }

  /** Throws when as many machines run as there are users. */
  take(): number {
    this.#survey();
    const { base, count } = this.#range;
    for (let tried = 0; tried < count; tried++) {
      const uid = base + ((this.#next + tried) % count);
      if (this.#taken.has(uid)) continue;
      this.#taken.add(uid);
      this.#next = uid - base + 1;
      return uid;
    }
    throw new Error(`All ${count} users for hypervisor processes are in use`);
  }

  /** Marks the user of an adopted process as taken. */
  keep(uid: number): void {
    if (this.#contains(uid)) this.#taken.add(uid);
  }

  release(uid: number): void {
    this.#taken.delete(uid);
  }

  #survey(): void {
    if (this.#surveyed) return;
    this.#surveyed = true;
    for (const pid of livePids()) {
      const uid = userOf(pid);
      if (uid !== undefined) this.keep(uid);
    }
  }

  #contains(uid: number): boolean {
    return uid >= this.#range.base && uid < this.#range.base + this.#range.count;
  }
}
