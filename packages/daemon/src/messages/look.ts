/** What has to be looked at again: everything, or some names in some directories. */

/** by absolute path of the directory; `all` of its names, or these */
export type Look = "everything" | ReadonlyMap<string, ReadonlySet<string> | "all">;

/** names in one directory that are looked at one by one; where there are more, the whole directory is */
const MAX_NAMES = 1_000;

/** @returns `undefined` when nothing of this directory has to be */
export function namesIn(look: Look, directory: string): ReadonlySet<string> | "all" | undefined {
  return look === "everything" ? "all" : look.get(directory);
}

/** Gathers names until somebody has time to look. */
export class LookList {
  #everything = false;
  readonly #names = new Map<string, Set<string> | "all">();

  addEverything(): void {
    this.#everything = true;
  }

  /** @param name in that directory; `undefined` when nobody knows which */
  add(directory: string, name: string | undefined): void {
    const names = this.#names.get(directory) ?? new Set();
    if (names === "all") return;
    if (name === undefined || names.size >= MAX_NAMES) this.#names.set(directory, "all");
    else this.#names.set(directory, names.add(name));
  }

  /** @returns what was gathered, and begins anew */
  take(): Look {
    const look: Look = this.#everything ? "everything" : new Map(this.#names);
    this.#everything = false;
    this.#names.clear();
    return look;
  }
}
