/** Tells when something may have changed below some directories: the kernel's word where it gives it, and a look now and then. */

import { watch, type FSWatcher } from "node:fs";
import path from "node:path";

import type { Log } from "#core/ports/log.ts";
import { every } from "#lib/every.ts";

import { isCode } from "./bounded-json.ts";
import { LookList, type Look } from "./look.ts";

/** directories that are watched by the kernel; the others are looked at now and then, too */
const MAX_WATCHED = 1_000;
/** changes that come in a row are looked at together */
const SETTLE_MS = 50;
const LOOK_EVERY_MS = 30_000;

export interface StoreWatchDeps {
  /** Looks again; is not called again before it has ended. It must not reject. */
  readonly look: (look: Look) => Promise<void>;
  readonly log: Log;
}

export class StoreWatch implements AsyncDisposable {
  readonly #deps: StoreWatchDeps;
  readonly #watched = new Map<string, FSWatcher>();
  readonly #regularly: Disposable;
  readonly #list = new LookList();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isOver = false;
  #hasToldOfFailure = false;

  constructor(deps: StoreWatchDeps) {
    this.#deps = deps;
    this.#regularly = every(LOOK_EVERY_MS, () => this.lookAtEverything());
  }

  /** Watches exactly these directories. @param directories absolute paths, the most important ones first */
  follow(directories: readonly string[]): void {
    if (this.#isOver) return;
    const wanted = new Set(directories.slice(0, MAX_WATCHED));
    for (const [directory, watcher] of this.#watched) {
      if (!wanted.has(directory)) this.#leave(directory, watcher);
    }
    for (const directory of wanted) {
      // What was put there before it was watched is to be seen, too.
      if (!this.#watched.has(directory) && this.#watch(directory)) this.#soon(directory, undefined);
    }
  }

  /** Looks at everything, after whatever look is going on. Resolves when that has ended. */
  lookAtEverything(): Promise<void> {
    this.#list.addEverything();
    return this.#lookNow();
  }

  /** Looks at one file, in the same way. @param file absolute path */
  lookAt(file: string): Promise<void> {
    this.#list.add(path.dirname(file), path.basename(file));
    return this.#lookNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#regularly[Symbol.dispose]();
    for (const [directory, watcher] of this.#watched) this.#leave(directory, watcher);
    await this.#looking;
  }

  #lookNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#looking = this.#looking.then(() =>
      this.#isOver ? undefined : this.#deps.look(this.#list.take()),
    );
    return this.#looking;
  }

  /** @returns whether it could be */
  #watch(directory: string): boolean {
    try {
      const watcher = watch(directory, { persistent: false }, (_, name) => {
        // Its own name: it was removed or moved. It is watched again once it is there again.
        const isItself = name === path.basename(directory);
        if (isItself) this.#leave(directory, watcher);
        if (name?.endsWith(".part") === true) return;
        this.#soon(directory, isItself ? undefined : (name ?? undefined));
      });
      watcher.on("error", () => this.#leave(directory, watcher));
      this.#watched.set(directory, watcher);
      return true;
    } catch (error) {
      // What is not there is looked for by every look.
      if (isCode(error, "ENOENT") || this.#hasToldOfFailure) return false;
      this.#hasToldOfFailure = true;
      this.#deps.log.warn("messages.not_watched", {
        directory,
        looks_every_ms: LOOK_EVERY_MS,
        error,
      });
      return false;
    }
  }

  #leave(directory: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watched.get(directory) === watcher) this.#watched.delete(directory);
  }

  #soon(directory: string, name: string | undefined): void {
    if (this.#isOver) return;
    this.#list.add(directory, name);
    this.#timer ??= setTimeout(() => void this.#lookNow(), SETTLE_MS).unref();
  }
}
