/** Which files a directory has, and what has changed since somebody looked last. */

import { stat } from "node:fs/promises";
import path from "node:path";

import type { Log } from "#core/ports/log.ts";
import { inParallel } from "#lib/in-parallel.ts";

import { isCode, stampOf } from "./bounded-json.ts";
import { namesIn, type Look } from "./look.ts";
import { entriesOf } from "./whole-file.ts";

export interface Change {
  readonly name: string;
  readonly what: "added" | "changed" | "removed";
}

export interface SnapshotDeps {
  /** absolute path; need not be there */
  readonly directory: string;
  /** files that are looked at; what is beyond is named in the log and ignored */
  readonly maxFiles: number;
  readonly isWanted: (name: string) => boolean;
  readonly log: Log;
}

const STATS_AT_ONCE = 16;

export class Snapshot {
  readonly directory: string;
  readonly #deps: SnapshotDeps;
  readonly #stamps = new Map<string, string>();
  #isFirst = true;
  #hasToldOfBound = false;

  constructor(deps: SnapshotDeps) {
    this.directory = deps.directory;
    this.#deps = deps;
  }

  names(): readonly string[] {
    return [...this.#stamps.keys()];
  }

  /** Looks again; the first time at the whole directory. Not to be called twice at once. */
  async changes(look: Look): Promise<readonly Change[]> {
    const named = this.#isFirst ? "all" : namesIn(look, this.directory);
    if (named === undefined) return [];
    const found = named === "all" ? await this.#entries() : this.#wanted([...named]);
    this.#isFirst = false;
    const now = await this.#stampsOf(found);
    const looked = named === "all" ? [...new Set([...this.#stamps.keys(), ...found])] : found;
    return looked.flatMap((name) => this.#noted(name, now.get(name)) ?? []);
  }

  async #entries(): Promise<readonly string[]> {
    const wanted = this.#wanted(await entriesOf(this.directory));
    this.#tellOfBound(wanted.length);
    return wanted.slice(0, this.#deps.maxFiles);
  }

  #wanted(names: readonly string[]): readonly string[] {
    return names.filter((name) => this.#deps.isWanted(name));
  }

  async #stampsOf(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const stamps = new Map<string, string>();
    await inParallel(STATS_AT_ONCE, names, async (name) => {
      const stamp = await stampAt(path.join(this.directory, name));
      if (stamp !== undefined) stamps.set(name, stamp);
    });
    return stamps;
  }

  #noted(name: string, stamp: string | undefined): Change | undefined {
    const known = this.#stamps.get(name);
    if (known === stamp) return undefined;
    if (stamp === undefined) {
      this.#stamps.delete(name);
      return { name, what: "removed" };
    }
    if (known === undefined && this.#stamps.size >= this.#deps.maxFiles) return undefined;
    this.#stamps.set(name, stamp);
    return { name, what: known === undefined ? "added" : "changed" };
  }

  #tellOfBound(found: number): void {
    const { directory, maxFiles, log } = this.#deps;
    if (found <= maxFiles || this.#hasToldOfBound) return;
    this.#hasToldOfBound = true;
    log.warn("messages.too_many_files", { directory, found, looked_at: maxFiles });
  }
}

async function stampAt(file: string): Promise<string | undefined> {
  try {
    return stampOf(await stat(file, { bigint: true }));
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EACCES")) return undefined;
    throw error;
  }
}
