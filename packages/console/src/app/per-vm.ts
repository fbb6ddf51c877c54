/** What pages keep of VMs while other pages are shown: of a few VMs, until somebody signs out. */

/** VMs of which something is kept; of those beyond it, whoever is idle is forgotten, the oldest first */
const MOST = 32;

export interface Kept {
  /** whether nothing is under way that would be lost */
  readonly isIdle: boolean;
  /** ends what is under way */
  end(): void;
}

const everything = new Set<PerVm<Kept>>();

export class PerVm<T extends Kept> {
  readonly #make: (group: string, hostname: string) => T;
  /** by host name, what was asked for last at the end */
  readonly #known = new Map<string, T>();

  constructor(make: (group: string, hostname: string) => T) {
    this.#make = make;
    everything.add(this);
  }

  /** The same each time. */
  of(group: string, hostname: string): T {
    const there = this.#known.get(hostname) ?? this.#make(group, hostname);
    this.#known.delete(hostname);
    this.#known.set(hostname, there);
    for (const [name, { isIdle }] of this.#known) {
      if (this.#known.size <= MOST) break;
      if (isIdle && name !== hostname) this.#known.delete(name);
    }
    return there;
  }

  /** whether nothing is under way in any */
  get isIdle(): boolean {
    return [...this.#known.values()].every(({ isIdle }) => isIdle);
  }

  forget(): void {
    for (const kept of this.#known.values()) kept.end();
    this.#known.clear();
  }
}

/** Nothing of it is anybody else's. */
export function forgetVms(): void {
  for (const kept of everything) kept.forget();
}
