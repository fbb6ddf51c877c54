/**
 * Gives every live QEMU a user of its own, so that one that breaks out of its guest finds nothing
 * that belongs to another.
 *
 * Users are numbers from a range that nobody else uses; there are no accounts. Processes of an
 * earlier daemon are looked for at first, and again when the range seems used up.
 */

import { livePids, userOf } from "./processes.ts";

export interface UidRange {
  readonly base: number;
  readonly count: number;
}

export class UidPool {
  readonly #range: UidRange;
  /** users of this daemon's own machines */
  readonly #taken = new Set<number>();
  /** users of other processes, as of the last look; `undefined` before the first */
  #foreign: ReadonlySet<number> | undefined;
  #next = 0;

  constructor(range: UidRange) {
    this.#range = range;
  }

  /** Throws when as many machines run as there are users. */
  take(): number {
    const uid = this.#findFree(this.#foreign ?? this.#survey()) ?? this.#findFree(this.#survey());
    if (uid === undefined) {
      throw new Error(`All ${this.#range.count} users for hypervisor processes are in use`);
    }
    this.#taken.add(uid);
    this.#next = uid - this.#range.base + 1;
    return uid;
  }

  /** Marks the user of an adopted process as taken. */
  keep(uid: number): void {
    if (this.#contains(uid)) this.#taken.add(uid);
  }

  /** The machine of this user is gone. */
  release(uid: number): void {
    this.#taken.delete(uid);
  }

  #findFree(foreign: ReadonlySet<number>): number | undefined {
    const { base, count } = this.#range;
    for (let tried = 0; tried < count; tried++) {
      const uid = base + ((this.#next + tried) % count);
      if (!this.#taken.has(uid) && !foreign.has(uid)) return uid;
    }
    return undefined;
  }

  #survey(): ReadonlySet<number> {
    const users = livePids().flatMap((pid) => userOf(pid) ?? []);
    this.#foreign = new Set(users.filter((uid) => this.#contains(uid)));
    return this.#foreign;
  }

  #contains(uid: number): boolean {
    return uid >= this.#range.base && uid < this.#range.base + this.#range.count;
  }
}
