/** The node's own store: messages, files, aggregates and balances in directories that people and programs may change at any time. */

import { mkdir } from "node:fs/promises";
import path from "node:path";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type {
  AggregatePlace,
  HeldFile,
  KeptFile,
  MessageArchive,
  MessageSearch,
} from "#core/aleph/ports/message-archive.ts";
import type {
  Balance,
  MessageSource,
  Price,
  SourceChange,
} from "#core/aleph/ports/message-source.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type { Log } from "#core/ports/log.ts";
import { Announcer } from "#lib/announcer.ts";

import { AggregateShelf } from "./aggregate-shelf.ts";
import { DamageReport } from "./damage-report.ts";
import { FileShelf, heldAt } from "./file-shelf.ts";
import type { Look } from "./look.ts";
import { MessageShelf } from "./message-shelf.ts";
import { Snapshot } from "./snapshot.ts";
import { messageName, StoreLayout } from "./store-layout.ts";
import { StoreWatch } from "./store-watch.ts";
import { Tables } from "./tables.ts";
import { Tombstones } from "./tombstones.ts";
import { sweepParts, writeText } from "./whole-file.ts";

export interface LocalStoreDeps {
  /** absolute path of the store; made when it is not there */
  readonly directory: string;
  /** absolute path of the directory with `message`, `code`, `runtime` and `data`, as the network's own nodes fill them */
  readonly cacheRoot: string;
  /** the largest file that is taken in, in bytes */
  readonly maxFileBytes: number;
  readonly log: Log;
}

/** messages in the answer to one search, and messages that make up one aggregate */
const MAX_FOUND = 10_000;
const MAX_PARTS = 1_000;

const DOMAINS = "domains.json";

export class LocalStore implements MessageSource, MessageArchive, AsyncDisposable {
  readonly #layout: StoreLayout;
  readonly #messages: MessageShelf;
  readonly #files: FileShelf;
  readonly #aggregates: AggregateShelf;
  readonly #tombstones: Tombstones;
  readonly #tables: Tables;
  readonly #domains: Snapshot;
  readonly #watch: StoreWatch;
  readonly #changes = new Announcer<SourceChange>();

  private constructor({ directory, cacheRoot, maxFileBytes, log }: LocalStoreDeps) {
    const layout = new StoreLayout(directory, cacheRoot);
    const damage = new DamageReport(log);
    const directories = [layout.messages, layout.cachedMessages];
    this.#layout = layout;
    this.#messages = new MessageShelf({ directories, damage, log });
    this.#files = new FileShelf({ layout, maxFileBytes, log });
    this.#aggregates = new AggregateShelf({ directory: layout.aggregates, damage, log });
    this.#tombstones = new Tombstones(layout.tombstones, log);
    this.#tables = new Tables(layout, damage);
    this.#domains = new Snapshot({ directory, maxFiles: 1, isWanted: isDomains, log });
    this.#watch = new StoreWatch({ look: (look) => this.#look(look, log), log });
  }

  /** Reads what is there and begins to watch it. What is damaged is named in the log and left alone. */
  static async open(deps: LocalStoreDeps, signal: AbortSignal): Promise<LocalStore> {
    const layout = new StoreLayout(deps.directory, deps.cacheRoot);
    for (const directory of layout.own) {
      signal.throwIfAborted();
      await mkdir(directory, { recursive: true, mode: 0o755 });
      await sweepParts(directory);
    }
    for (const directory of layout.caches) await sweepParts(directory);
    const store = new LocalStore(deps);
    await store.#watch.lookAtEverything();
    for (const directory of store.#aggregates.directories()) await sweepParts(directory);
    return store;
  }

  async message(hash: ItemHash): Promise<StoredMessage | undefined> {
    return (await this.isForgotten(hash)) ? undefined : await this.held(hash);
  }

  held(hash: ItemHash): Promise<StoredMessage | undefined> {
    return this.#messages.get(hash);
  }

  count(): number {
    return this.#messages.count();
  }

  isForgotten(hash: ItemHash): Promise<boolean> {
    return this.#tombstones.has(hash);
  }

  async latest(ref: ItemHash, signal: AbortSignal): Promise<ItemHash> {
    const original = await this.message(ref);
    const owner = original?.content["address"];
    if (typeof owner !== "string") return ref;
    const wanted: MessageSearch = { hashes: [], types: ["STORE"], refs: [ref], owners: [owner] };
    const [newest] = await this.#first(this.#messages.find(wanted), 1, signal);
    return newest?.itemHash ?? ref;
  }

  async file(ref: ItemHash): Promise<string> {
    const file = await this.findFile(ref);
    if (file === undefined) throw new Refusal("not found", `File not found: ${ref}`);
    return file;
  }

  /** as `file`, with `undefined` for what the store has not */
  async findFile(ref: ItemHash): Promise<string | undefined> {
    if (await this.isForgotten(ref)) return undefined;
    return await this.#files.find(ref, await this.held(ref));
  }

  async heldFile(ref: ItemHash): Promise<HeldFile | undefined> {
    const file = await this.findFile(ref);
    return file === undefined ? undefined : await heldAt(file);
  }

  aggregate(address: string, key: string, signal: AbortSignal): Promise<unknown> {
    return this.heldAggregate({ address, key }, signal);
  }

  /** A file of the aggregate counts alone; without one, what the owner's messages make of it. */
  async heldAggregate(place: AggregatePlace, signal: AbortSignal): Promise<unknown> {
    const value = await this.#aggregates.get(place);
    if (value !== undefined) return value;
    const parts = await this.#first(this.#messages.partsOf(place), MAX_PARTS, signal);
    if (parts.length === 0) return undefined;
    const merged: Record<string, unknown>[] = [];
    for (const { content } of parts.toReversed()) {
      if (isObject(content["content"])) merged.push(content["content"]);
    }
    return Object.assign({}, ...merged);
  }

  async aggregateKeys(address: string): Promise<readonly string[]> {
    const keys = [...(await this.#aggregates.keysOf(address)), ...this.#messages.keysOf(address)];
    return [...new Set(keys)].toSorted();
  }

  balance(address: string): Promise<Balance> {
    return this.#tables.balance(address);
  }

  price(hash: ItemHash): Promise<Price | undefined> {
    return this.#tables.price(hash);
  }

  /** @returns tokens a second that the ledger says flow; 0 when it says nothing */
  rate(from: string, to: string): Promise<number> {
    return this.#tables.rate(from, to);
  }

  /** `domains.json` as it is: what the domain service of the network would answer; `undefined` when there is none. */
  domains(): Promise<unknown> {
    return this.#tables.domains();
  }

  onChange(listener: (change: SourceChange) => void): Disposable {
    return this.#changes.listen(listener);
  }

  async keep(message: StoredMessage, signal: AbortSignal): Promise<void> {
    const file = path.join(this.#layout.messages, messageName(message.itemHash));
    await writeText(file, JSON.stringify(message.raw), signal);
    await this.#watch.lookAt(file);
  }

  async forget(hash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#watch.lookAt(await this.#tombstones.add(hash, signal));
  }

  async keepFile(
    ref: ItemHash,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<KeptFile> {
    const message = await this.held(ref);
    const kept = await this.#files.keep({ ref, message }, bytes, signal);
    await this.#watch.lookAt(path.join(this.#layout.files, ref));
    return kept;
  }

  async keepAggregate(
    place: AggregatePlace,
    value: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#watch.lookAt(await this.#aggregates.keep(place, value, signal));
  }

  search(wanted: MessageSearch, signal: AbortSignal): Promise<readonly StoredMessage[]> {
    return this.#first(this.#messages.find(wanted), MAX_FOUND, signal);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#watch[Symbol.asyncDispose]();
  }

  /** The first of these messages that are there and not forgotten. */
  async #first(
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

  async #domainChanges(look: Look): Promise<readonly SourceChange[]> {
    return (await this.#domains.changes(look)).length > 0 ? [{ what: "domains" }] : [];
  }

  async #look(look: Look, log: Log): Promise<void> {
    const news: SourceChange[] = [];
    const domains = { refresh: () => this.#domainChanges(look) };
    const shelves = [this.#tombstones, this.#messages, this.#files, this.#aggregates, domains];
    for (const shelf of shelves) {
      try {
        news.push(...(await shelf.refresh(look)));
      } catch (error) {
        log.error("messages.not_read", { error });
      }
    }
    const { messages, files, tombstones, cachedMessages } = this.#layout;
    const root = path.dirname(messages);
    const others = this.#aggregates.directories();
    this.#watch.follow([root, messages, tombstones, files, cachedMessages, ...others]);
    for (const change of news) this.#changes.announce(change);
  }
}

function isDomains(name: string): boolean {
  return name === DOMAINS;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
