/** The local store first, and the network behind it. */

import path from "node:path";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type {
  Balance,
  MessageSource,
  Price,
  SourceChange,
} from "#core/aleph/ports/message-source.ts";
import type { Log } from "#core/ports/log.ts";

import type { LocalStore } from "./local-store.ts";
import { messageName } from "./store-layout.ts";
import { writeText } from "./whole-file.ts";

export interface SourcesDeps {
  readonly local: LocalStore;
  readonly network: MessageSource;
  /** whose word counts for balances and prices */
  readonly money: "local" | "network";
  /** absolute path of the directory whose `message` keeps what was fetched */
  readonly cacheRoot: string;
  readonly log: Log;
}

export class Sources implements MessageSource {
  readonly #deps: SourcesDeps;

  constructor(deps: SourcesDeps) {
    this.#deps = deps;
  }

  async message(hash: ItemHash, signal: AbortSignal): Promise<StoredMessage | undefined> {
    const { local, network } = this.#deps;
    if (await local.isForgotten(hash)) return undefined;
    const held = await local.message(hash);
    if (held) return held;
    const fetched = await network.message(hash, signal);
    if (fetched) await this.#keep(fetched, signal);
    return fetched;
  }

  async isForgotten(hash: ItemHash): Promise<boolean> {
    const { local, network } = this.#deps;
    return (await local.isForgotten(hash)) || (await network.isForgotten(hash));
  }

  /** A version of the store counts before any of the network. */
  async latest(ref: ItemHash, signal: AbortSignal): Promise<ItemHash> {
    const { local, network } = this.#deps;
    const held = await local.latest(ref, signal);
    if (held !== ref) return held;
    const newest = await network.latest(ref, signal);
    return (await local.isForgotten(newest)) ? ref : newest;
  }

  async file(ref: ItemHash, signal: AbortSignal): Promise<string> {
    const { local, network } = this.#deps;
    const held = await local.findFile(ref);
    // What was forgotten here is not fetched again: the store's own refusal is the answer.
    if (held === undefined && (await local.isForgotten(ref))) return await local.file(ref);
    return held ?? (await network.file(ref, signal));
  }

  async aggregate(address: string, key: string, signal: AbortSignal): Promise<unknown> {
    const { local, network } = this.#deps;
    const held = await local.aggregate(address, key, signal);
    return held === undefined ? await network.aggregate(address, key, signal) : held;
  }

  balance(address: string, signal: AbortSignal): Promise<Balance> {
    return this.#money().balance(address, signal);
  }

  price(hash: ItemHash, signal: AbortSignal): Promise<Price | undefined> {
    return this.#money().price(hash, signal);
  }

  onChange(listener: (change: SourceChange) => void): Disposable {
    const both = new DisposableStack();
    both.use(this.#deps.local.onChange(listener));
    both.use(this.#deps.network.onChange(listener));
    return both;
  }

  #money(): MessageSource {
    return this.#deps.money === "local" ? this.#deps.local : this.#deps.network;
  }

  /** A message never changes: it is asked for once. Where it cannot be kept it is asked for again. */
  async #keep(message: StoredMessage, signal: AbortSignal): Promise<void> {
    const { cacheRoot, log } = this.#deps;
    const file = path.join(cacheRoot, "message", messageName(message.itemHash));
    try {
      await writeText(file, JSON.stringify(message.raw), signal);
    } catch (error) {
      signal.throwIfAborted();
      log.warn("messages.not_cached", { hash: message.itemHash, error });
    }
  }
}
