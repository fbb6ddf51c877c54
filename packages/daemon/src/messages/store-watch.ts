/** Tells when something may have changed below some directories: the kernel's word where it gives it, and a look now and then. */

import { watch, type FSWatcher } from "node:fs";
import path from "node:path";

import type { Log } from "#core/ports/log.ts";
import { every } from "#lib/every.ts";

import { isCode } from "./bounded-json.ts";

/** directories that are watched by the kernel; the others are looked at now and then, too */
const MAX_WATCHED = 1_000;
/** changes that come in a row are looked at together */
const SETTLE_MS = 50;
const LOOK_EVERY_MS = 30_000;

export interface StoreWatchDeps {
  /** Looks at everything; is not called again before it has ended. It must not reject. */
  readonly look: () => Promise<void>;
  readonly log: Log;
}

export class StoreWatch implements AsyncDisposable {
  readonly #deps: StoreWatchDeps;
  readonly #watched = new Map<string, FSWatcher>();
  readonly #regularly: Disposable;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isOver = false;
  #hasToldOfFailure = false;

  constructor(deps: StoreWatchDeps) {
    this.#deps = deps;
    this.#regularly = every(LOOK_EVERY_MS, () => this.lookNow());
  }

  /** Watches exactly these directories. @param directories absolute paths, the most important ones first */
  follow(directories: readonly string[]): void {
    if (this.#isOver) return;
    const wanted = new Set(directories.slice(0, MAX_WATCHED));
    for (const [directory, watcher] of this.#watched) {
      if (!wanted.has(directory)) this.#leave(directory, watcher);
    }
    for (const directory of wanted) {
      if (!this.#watched.has(directory)) this.#watch(directory);
    }
  }

  /** Looks once more, after whatever look is going on. Resolves when that look has ended. */
  lookNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#looking = this.#looking.then(() => (this.#isOver ? undefined : this.#deps.look()));
    return this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#regularly[Symbol.dispose]();
    for (const [directory, watcher] of this.#watched) this.#leave(directory, watcher);
    await this.#looking;
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (_, name) => {
        // Its own name: it was removed or moved. It is watched again once it is there again.
        if (name === path.basename(directory)) this.#leave(directory, watcher);
        if (name?.endsWith(".part") !== true) this.#soon();
      });
      watcher.on("error", () => this.#leave(directory, watcher));
      this.#watched.set(directory, watcher);
    } catch (error) {
      // What is not there is looked for by every look.
      if (isCode(error, "ENOENT") || this.#hasToldOfFailure) return;
      this.#hasToldOfFailure = true;
      this.#deps.log.warn("messages.not_watched", {
        directory,
        looks_every_ms: LOOK_EVERY_MS,
        error,
      });
    }
  }

  #leave(directory: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watched.get(directory) === watcher) this.#watched.delete(directory);
  }

  #soon(): void {
    if (this.#isOver) return;
    this.#timer ??= setTimeout(() => void this.lookNow(), SETTLE_MS).unref();
  }
}
