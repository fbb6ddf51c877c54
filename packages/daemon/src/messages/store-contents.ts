/** What lies in the store, shelf by shelf, as it is on the disk now. */

import { mkdir } from "node:fs/promises";
import path from "node:path";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import { isObject } from "#core/aleph/message/lax-values.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type { AggregatePlace } from "#core/aleph/ports/message-archive.ts";
import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import type { Log } from "#core/ports/log.ts";

import { AggregateShelf } from "./aggregate-shelf.ts";
import { DamageReport } from "./damage-report.ts";
import { FileShelf } from "./file-shelf.ts";
import type { Look } from "./look.ts";
import { MessageShelf } from "./message-shelf.ts";
import { Snapshot } from "./snapshot.ts";
import { StoreLayout } from "./store-layout.ts";
import { Tables } from "./tables.ts";
import { Tombstones } from "./tombstones.ts";
import { sweepParts } from "./whole-file.ts";

export interface StoreContentsDeps {
  /** absolute path of the store; made when it is not there */
  readonly directory: string;
  /** absolute path of the directory with `message`, `code`, `runtime` and `data`, as the network's own nodes fill them */
  readonly cacheRoot: string;
  /** the largest file that is taken in, in bytes */
  readonly maxFileBytes: number;
  readonly log: Log;
}

/** messages that make up one aggregate */
const MAX_PARTS = 1_000;

const DOMAINS = "domains.json";

export class StoreContents {
  readonly layout: StoreLayout;
  readonly messages: MessageShelf;
  readonly files: FileShelf;
  readonly aggregates: AggregateShelf;
  readonly tombstones: Tombstones;
  readonly tables: Tables;
  readonly #domains: Snapshot;
  readonly #log: Log;

  constructor({ directory, cacheRoot, maxFileBytes, log }: StoreContentsDeps) {
    const layout = new StoreLayout(directory, cacheRoot);
    const damage = new DamageReport(log);
    const directories = [layout.messages, layout.cachedMessages];
    this.layout = layout;
    this.messages = new MessageShelf({ directories, damage, log });
    this.files = new FileShelf({ layout, maxFileBytes, log });
    this.aggregates = new AggregateShelf({ directory: layout.aggregates, damage, log });
    this.tombstones = new Tombstones(layout.tombstones, log);
    this.tables = new Tables(layout, damage);
    this.#domains = new Snapshot({ directory, maxFiles: 1, isWanted: isDomains, log });
    this.#log = log;
  }

  /** Makes the directories that have to be there, and removes what a daemon that died has left half written. */
  async prepare(signal: AbortSignal): Promise<void> {
    for (const directory of this.layout.own) {
      signal.throwIfAborted();
      await mkdir(directory, { recursive: true, mode: 0o755 });
    }
    const owners = await this.aggregates.allDirectories();
    for (const directory of [...this.layout.own, ...this.layout.caches, ...owners]) {
      signal.throwIfAborted();
      await sweepParts(directory);
    }
  }

  /** directories in which something may change, the most important ones first */
  directories(): readonly string[] {
    const { messages, files, tombstones, cachedMessages } = this.layout;
    const root = path.dirname(messages);
    const fixed = [root, messages, tombstones, files, cachedMessages];
    return [...fixed, ...this.aggregates.directories()];
  }

  /** Looks again. What cannot be looked at is told to the log. Not to be called twice at once. @returns what has changed */
  async refresh(look: Look): Promise<readonly SourceChange[]> {
    const news: SourceChange[] = [];
    const domains = { refresh: () => this.#domainChanges(look) };
    const shelves = [this.tombstones, this.messages, this.files, this.aggregates, domains];
    for (const shelf of shelves) {
      try {
        news.push(...(await shelf.refresh(look)));
      } catch (error) {
        this.#log.error("messages.not_read", { error });
      }
    }
    return news;
  }

  /** @returns `undefined` also for what was forgotten */
  async message(hash: ItemHash): Promise<StoredMessage | undefined> {
    return (await this.tombstones.has(hash)) ? undefined : await this.messages.get(hash);
  }

  /** Those of these messages that were not forgotten. */
  async known(hashes: readonly ItemHash[], signal: AbortSignal): Promise<readonly ItemHash[]> {
    const found: ItemHash[] = [];
    for (const hash of hashes) {
      signal.throwIfAborted();
      if (!(await this.tombstones.has(hash))) found.push(hash);
    }
    return found;
  }

  /** The first of these messages that are there and not forgotten. */
  async first(
    hashes: readonly ItemHash[],
    count: number,
    signal: AbortSignal,
  ): Promise<readonly StoredMessage[]> {
    const found: StoredMessage[] = [];
    for (const hash of hashes) {
      if (found.length === count) break;
      signal.throwIfAborted();
      const message = await this.message(hash);
      if (message) found.push(message);
    }
    return found;
  }

  /** A file of the aggregate counts alone; without one, what the owner's messages make of it. */
  async aggregate(place: AggregatePlace, signal: AbortSignal): Promise<unknown> {
    const value = await this.aggregates.get(place);
    if (value !== undefined) return value;
    const parts = await this.first(this.messages.partsOf(place), MAX_PARTS, signal);
    if (parts.length === 0) return undefined;
    const said = parts.toReversed().map(({ content }) => content["content"]);
    return Object.fromEntries(said.filter(isObject).flatMap((part) => Object.entries(part)));
  }

  async #domainChanges(look: Look): Promise<readonly SourceChange[]> {
    return (await this.#domains.changes(look)).length > 0 ? [{ what: "domains" }] : [];
  }
}

function isDomains(name: string): boolean {
  return name === DOMAINS;
}
