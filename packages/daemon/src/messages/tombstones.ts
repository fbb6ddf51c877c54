/** Messages that were forgotten: an empty file for each. */

import { stat } from "node:fs/promises";
import path from "node:path";

import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";
import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import type { Log } from "#core/ports/log.ts";

import { isCode } from "./bounded-json.ts";
import type { Look } from "./look.ts";
import { Snapshot } from "./snapshot.ts";
import { MAX_FILES } from "./store-layout.ts";
import { writeText } from "./whole-file.ts";

export class Tombstones {
  readonly #directory: string;
  readonly #snapshot: Snapshot;

  /** @param directory absolute path */
  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#snapshot = new Snapshot({ directory, maxFiles: MAX_FILES, isWanted: isStone, log });
  }

  /** Asks the disk: what was forgotten a moment ago counts. */
  async has(hash: ItemHash): Promise<boolean> {
    try {
      await stat(path.join(this.#directory, hash));
      return true;
    } catch (error) {
      if (isCode(error, "ENOENT", "ENOTDIR")) return false;
      throw error;
    }
  }

  /** @returns absolute path of the stone */
  async add(hash: ItemHash, signal: AbortSignal): Promise<string> {
    const stone = path.join(this.#directory, hash);
    await writeText(stone, "", signal);
    return stone;
  }

  /** Looks again. @returns what has changed; a stone that was taken away makes a message known again */
  async refresh(look: Look): Promise<readonly SourceChange[]> {
    return (await this.#snapshot.changes(look)).flatMap(({ name, what }): SourceChange[] => {
      const hash = parseItemHash(name);
      if (hash === undefined || what === "changed") return [];
      return [{ what: what === "added" ? "forgotten" : "message", hash }];
    });
  }
}

function isStone(name: string): boolean {
  return parseItemHash(name) !== undefined;
}
