/** Which files a directory has, and what has changed since somebody looked last. */

import { stat } from "node:fs/promises";
import path from "node:path";

import type { Log } from "#core/ports/log.ts";
import { inParallel } from "#lib/in-parallel.ts";

import { isCode, stampOf } from "./bounded-json.ts";
import { namesIn } from "./whole-file.ts";

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
  #stamps: ReadonlyMap<string, string> = new Map();
  #hasToldOfBound = false;

  constructor(deps: SnapshotDeps) {
    this.directory = deps.directory;
    this.#deps = deps;
  }

  names(): readonly string[] {
    return [...this.#stamps.keys()];
  }

  /** Looks at the whole directory again. Not to be called twice at once. */
  async changes(): Promise<readonly Change[]> {
    const before = this.#stamps;
    const now = await this.#look();
    this.#stamps = now;
    const gone = [...before.keys()].filter((name) => !now.has(name));
    return [
      ...gone.map((name): Change => ({ name, what: "removed" })),
      ...[...now].flatMap(([name, stamp]): Change[] => {
        const known = before.get(name);
        if (known === stamp) return [];
        return [{ name, what: known === undefined ? "added" : "changed" }];
      }),
    ];
  }

  async #look(): Promise<Map<string, string>> {
    const wanted = (await namesIn(this.directory)).filter((name) => this.#deps.isWanted(name));
    const names = wanted.slice(0, this.#deps.maxFiles);
    this.#tellOfBound(wanted.length);
    const stamps = new Map<string, string>();
    await inParallel(STATS_AT_ONCE, names, async (name) => {
      const stamp = await stampAt(path.join(this.directory, name));
      if (stamp !== undefined) stamps.set(name, stamp);
    });
    return stamps;
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
