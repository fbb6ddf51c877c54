/** Who watches VMs' logs: a bounded number for each VM and in all. Whoever has watched longest makes room. */

import type { ItemHash } from "#core/aleph/item-hash.ts";

/** of one VM at a time */
export const MAX_WATCHERS_PER_VM = 20;
/** of all VMs */
export const MAX_WATCHERS = 400;
/** connections that have not said yet who they are */
export const MAX_STRANGERS = 100;

interface Place {
  /** a VM's hash, or `strangers` */
  readonly where: string;
  readonly leave: AbortController;
}

export class PushedOut extends Error {
  override readonly name = "PushedOut";
  constructor() {
    super("Too many others watch: the oldest watcher makes room");
  }
}

/** A place among the watchers; disposing it leaves. */
export interface Watch extends Disposable {
  /** aborts when somebody else needs the place */
  readonly signal: AbortSignal;
}

export class Watchers {
  /** oldest first */
  readonly #places = new Set<Place>();

  /** A connection whose owner is not known yet. */
  admitStranger(): Watch {
    this.#makeRoom((place) => place.where === STRANGERS, MAX_STRANGERS);
    return this.#enter(STRANGERS);
  }

  admit(vmHash: ItemHash): Watch {
    this.#makeRoom((place) => place.where === vmHash, MAX_WATCHERS_PER_VM);
    this.#makeRoom((place) => place.where !== STRANGERS, MAX_WATCHERS);
    return this.#enter(vmHash);
  }

  #enter(where: string): Watch {
    const place = { where, leave: new AbortController() };
    this.#places.add(place);
    return {
      signal: place.leave.signal,
      [Symbol.dispose]: () => {
        this.#places.delete(place);
      },
    };
  }

  #makeRoom(counts: (place: Place) => boolean, most: number): void {
    const those = Array.from(this.#places).filter(counts);
    for (const place of those.slice(0, Math.max(0, those.length - most + 1))) {
      this.#places.delete(place);
      place.leave.abort(new PushedOut());
    }
  }
}

const STRANGERS = "strangers";
