/** The messages of the store: each in a file of its own, and an index of what they say of each other. */

import path from "node:path";

import { isSameAddress } from "#core/aleph/caller.ts";
import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import { readMessage } from "#core/aleph/message/parse.ts";
import { SchemaProblems } from "#core/aleph/message/schema-problems.ts";
import type { AggregatePlace, MessageSearch } from "#core/aleph/ports/message-archive.ts";
import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import type { Log } from "#core/ports/log.ts";
import { inParallel } from "#lib/in-parallel.ts";

import { readJson, type JsonFile } from "./bounded-json.ts";
import type { DamageReport } from "./damage-report.ts";
import type { Look } from "./look.ts";
import { Snapshot, type Change } from "./snapshot.ts";
import { hashOfMessageName, MAX_FILES, MAX_JSON_BYTES, messageName } from "./store-layout.ts";

const READS_AT_ONCE = 16;

/** What the index knows of a message. */
interface Entry extends Pick<StoredMessage, "itemHash" | "type" | "time"> {
  readonly owner: string;
  /** of a STORE message: the one that it is a version of */
  readonly ref: string | undefined;
  /** of an AGGREGATE message */
  readonly key: string | undefined;
}

export interface MessageShelfDeps {
  /** absolute paths; what is in an earlier one counts */
  readonly directories: readonly string[];
  readonly damage: DamageReport;
  readonly log: Log;
}

export class MessageShelf {
  readonly #directories: readonly string[];
  readonly #damage: DamageReport;
  readonly #snapshots: readonly Snapshot[];
  /** by path */
  readonly #index = new Map<string, Entry>();

  constructor({ directories, damage, log }: MessageShelfDeps) {
    this.#directories = directories;
    this.#damage = damage;
    this.#snapshots = directories.map(
      (directory) => new Snapshot({ directory, maxFiles: MAX_FILES, isWanted: isMessage, log }),
    );
  }

  /** @returns `undefined` also for one that is damaged */
  async get(hash: ItemHash): Promise<StoredMessage | undefined> {
    for (const directory of this.#directories) {
      const message = await this.#read(path.join(directory, messageName(hash)), hash);
      if (message) return message;
    }
    return undefined;
  }

  count(): number {
    return this.#index.size;
  }

  /** hashes that fit, newest first */
  find({ hashes, types, refs, owners }: MessageSearch): readonly ItemHash[] {
    const named = new Set<string>(hashes);
    return this.#sorted(
      (entry) =>
        (named.size === 0 || named.has(entry.itemHash)) &&
        (types.length === 0 || types.includes(entry.type)) &&
        (refs.length === 0 || (entry.ref !== undefined && refs.includes(entry.ref))) &&
        (owners.length === 0 || owners.some((owner) => isSameAddress(owner, entry.owner))),
    );
  }

  /** hashes of the messages that make up an aggregate, newest first */
  partsOf({ address, key }: AggregatePlace): readonly ItemHash[] {
    return this.#sorted((entry) => entry.key === key && isSameAddress(address, entry.owner));
  }

  /** keys of the aggregates that an owner's messages make up */
  keysOf(owner: string): readonly string[] {
    return [...this.#index.values()].flatMap(({ key, owner: its }) =>
      key !== undefined && isSameAddress(owner, its) ? [key] : [],
    );
  }

  /** Looks again. Not to be called twice at once. @returns what has changed */
  async refresh(look: Look): Promise<readonly SourceChange[]> {
    const news: SourceChange[] = [];
    for (const snapshot of this.#snapshots) {
      await inParallel(READS_AT_ONCE, await snapshot.changes(look), async (change) => {
        news.push(...(await this.#taken(snapshot.directory, change)));
      });
    }
    return news;
  }

  #sorted(fits: (entry: Entry) => boolean): readonly ItemHash[] {
    const found = [...this.#index.values()].filter(fits);
    found.sort((one, other) => other.time - one.time || compare(other.itemHash, one.itemHash));
    return [...new Set(found.map(({ itemHash }) => itemHash))];
  }

  async #taken(directory: string, { name, what }: Change): Promise<readonly SourceChange[]> {
    const hash = hashOfMessageName(name);
    if (hash === undefined) return [];
    const file = path.join(directory, name);
    const before = this.#index.get(file);
    const message = what === "removed" ? undefined : await this.#read(file, hash);
    const entry = message && entryOf(message);
    if (entry) this.#index.set(file, entry);
    else this.#index.delete(file);
    const news: SourceChange[] = [{ what: "message", hash }];
    for (const side of [before, entry]) if (side) news.push(...consequencesOf(side));
    return news;
  }

  async #read(file: string, hash: ItemHash): Promise<StoredMessage | undefined> {
    const json = await readJson(file, MAX_JSON_BYTES);
    if (json.kind === "damaged") this.#damage.tell(file, json.stamp, json.reason);
    return json.kind === "value" ? this.#message(file, json, hash) : undefined;
  }

  #message(
    file: string,
    { value, stamp }: Extract<JsonFile, { kind: "value" }>,
    hash: ItemHash,
  ): StoredMessage | undefined {
    try {
      return readMessage(value, hash);
    } catch (error) {
      if (!(error instanceof SchemaProblems)) throw error;
      this.#damage.tell(file, stamp, error.message);
      return undefined;
    }
  }
}

function isMessage(name: string): boolean {
  return hashOfMessageName(name) !== undefined;
}

function entryOf({ itemHash, type, time, content }: StoredMessage): Entry {
  return {
    itemHash,
    type,
    time,
    owner: textAt(content, "address") ?? "",
    ref: type === "STORE" ? textAt(content, "ref") : undefined,
    key: type === "AGGREGATE" ? textAt(content, "key") : undefined,
  };
}

/** What else is different when this message comes, goes or changes. */
function consequencesOf({ type, owner, ref, key }: Entry): readonly SourceChange[] {
  const file = ref === undefined ? undefined : parseItemHash(ref);
  if (type === "STORE" && file) return [{ what: "file", ref: file }];
  if (key === undefined) return [];
  return [{ what: "aggregate", address: owner.toLowerCase(), key }];
}

function textAt(content: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = content[key];
  return typeof value === "string" ? value : undefined;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
