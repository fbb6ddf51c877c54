/** The node's own store: messages, files, aggregates and balances in directories that people and programs may change at any time. */

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
import { Announcer } from "#lib/announcer.ts";

import { heldAt } from "./file-shelf.ts";
import type { Look } from "./look.ts";
import { StoreContents, type StoreContentsDeps } from "./store-contents.ts";
import { messageName } from "./store-layout.ts";
import { StoreWatch } from "./store-watch.ts";
import { writeText } from "./whole-file.ts";

export type LocalStoreDeps = StoreContentsDeps;

/** messages in the answer to one search */
const MAX_FOUND = 10_000;

export class LocalStore implements MessageSource, MessageArchive, AsyncDisposable {
  readonly #contents: StoreContents;
  readonly #watch: StoreWatch;
  readonly #changes = new Announcer<SourceChange>();

  private constructor(deps: LocalStoreDeps) {
    this.#contents = new StoreContents(deps);
    this.#watch = new StoreWatch({ look: (look) => this.#look(look), log: deps.log });
  }

  /** Reads what is there and begins to watch it. What is damaged is named in the log and left alone. */
  static async open(deps: LocalStoreDeps, signal: AbortSignal): Promise<LocalStore> {
    await new StoreContents(deps).prepare(signal);
    const store = new LocalStore(deps);
    await store.#watch.lookAtEverything();
    return store;
  }

  message(hash: ItemHash): Promise<StoredMessage | undefined> {
    return this.#contents.message(hash);
  }

  held(hash: ItemHash): Promise<StoredMessage | undefined> {
    return this.#contents.messages.get(hash);
  }

  count(): number {
    return this.#contents.messages.count();
  }

  isForgotten(hash: ItemHash): Promise<boolean> {
    return this.#contents.tombstones.has(hash);
  }

  async latest(ref: ItemHash, signal: AbortSignal): Promise<ItemHash> {
    const original = await this.message(ref);
    const owner = original?.content["address"];
    if (typeof owner !== "string") return ref;
    const wanted: MessageSearch = { hashes: [], types: ["STORE"], refs: [ref], owners: [owner] };
    const [newest] = await this.#contents.first(this.#contents.messages.find(wanted), 1, signal);
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
    return await this.#contents.files.find(ref, await this.held(ref));
  }

  async heldFile(ref: ItemHash): Promise<HeldFile | undefined> {
    const file = await this.findFile(ref);
    return file === undefined ? undefined : await heldAt(file);
  }

  aggregate(address: string, key: string, signal: AbortSignal): Promise<unknown> {
    return this.heldAggregate({ address, key }, signal);
  }

  heldAggregate(place: AggregatePlace, signal: AbortSignal): Promise<unknown> {
    return this.#contents.aggregate(place, signal);
  }

  async aggregateKeys(address: string): Promise<readonly string[]> {
    const keys = [
      ...(await this.#contents.aggregates.keysOf(address)),
      ...this.#contents.messages.keysOf(address),
    ];
    return [...new Set(keys)].toSorted();
  }

  balance(address: string): Promise<Balance> {
    return this.#contents.tables.balance(address);
  }

  price(hash: ItemHash): Promise<Price | undefined> {
    return this.#contents.tables.price(hash);
  }

  /** @returns tokens a second that the ledger says flow; 0 when it says nothing */
  rate(from: string, to: string): Promise<number> {
    return this.#contents.tables.rate(from, to);
  }

  /** `domains.json` as it is: what the domain service of the network would answer; `undefined` when there is none. */
  domains(): Promise<unknown> {
    return this.#contents.tables.domains();
  }

  onChange(listener: (change: SourceChange) => void): Disposable {
    return this.#changes.listen(listener);
  }

  async keep(message: StoredMessage, signal: AbortSignal): Promise<void> {
    const file = path.join(this.#contents.layout.messages, messageName(message.itemHash));
    await writeText(file, JSON.stringify(message.raw), signal);
    await this.#watch.lookAt(file);
  }

  async forget(hash: ItemHash, signal: AbortSignal): Promise<void> {
    await this.#watch.lookAt(await this.#contents.tombstones.add(hash, signal));
  }

  async keepFile(
    ref: ItemHash,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<KeptFile> {
    const message = await this.held(ref);
    const kept = await this.#contents.files.keep({ ref, message }, bytes, signal);
    await this.#watch.lookAt(path.join(this.#contents.layout.files, ref));
    return kept;
  }

  async keepAggregate(
    place: AggregatePlace,
    value: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#watch.lookAt(await this.#contents.aggregates.keep(place, value, signal));
  }

  search(wanted: MessageSearch, signal: AbortSignal): Promise<readonly ItemHash[]> {
    return this.#contents.known(this.#contents.messages.find(wanted).slice(0, MAX_FOUND), signal);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#watch[Symbol.asyncDispose]();
  }

  async #look(look: Look): Promise<void> {
    const news = await this.#contents.refresh(look);
    this.#watch.follow(this.#contents.directories());
    for (const change of news) this.#changes.announce(change);
  }
}
