/** What the node answers of its own store in the network's words, so that it can be its own, or another node's, API server. */

import type { ItemHash } from "../item-hash.ts";
import type { HeldFile, MessageArchive, MessageSearch } from "../ports/message-archive.ts";
import type { MessageSource } from "../ports/message-source.ts";

export interface PublishedDeps {
  readonly archive: MessageArchive;
  /** balances and prices; the local one, so that two nodes cannot ask each other in a circle */
  readonly source: Pick<MessageSource, "balance" | "price">;
}

/** Every value is JSON in the network's key names; `undefined` where its answer is 404. */
export class Published {
  readonly #archive: MessageArchive;
  readonly #source: PublishedDeps["source"];

  constructor({ archive, source }: PublishedDeps) {
    this.#archive = archive;
    this.#source = source;
  }

  /** `GET /api/v0/messages/{hash}` */
  async status(hash: ItemHash, signal: AbortSignal): Promise<Json | undefined> {
    const isForgotten = await this.#archive.isForgotten(hash);
    const message = await this.#archive.held(hash, signal);
    if (isForgotten) return { status: "forgotten", item_hash: hash, forgotten_by: [] };
    if (!message) return undefined;
    return { status: "processed", item_hash: hash, message: message.raw, type: message.type };
  }

  /** `GET /api/v0/messages.json`. @param page what is out of bounds is brought into them */
  async messages(wanted: MessageSearch, page: Page, signal: AbortSignal): Promise<MessagePage> {
    const number = Math.max(1, Math.trunc(page.page) || 1);
    const perPage = Math.min(MAX_PER_PAGE, Math.max(1, Math.trunc(page.perPage) || 1));
    const found = await this.#archive.search(wanted, signal);
    const shown = found.slice((number - 1) * perPage, number * perPage);
    return {
      messages: this.#read(shown, signal),
      pagination: {
        pagination_page: number,
        pagination_total: found.length,
        pagination_per_page: perPage,
        pagination_item: "messages",
      },
    };
  }

  /** `GET /api/v0/aggregates/{address}.json`. @param keys empty for all */
  async aggregates(
    address: string,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<Json | undefined> {
    const wanted = keys.length > 0 ? keys : await this.#archive.aggregateKeys(address, signal);
    const data: [string, unknown][] = [];
    for (const key of wanted.slice(0, MAX_KEYS)) {
      const value = await this.#archive.heldAggregate({ address, key }, signal);
      if (value !== undefined) data.push([key, value]);
    }
    return data.length === 0 ? undefined : { address, data: Object.fromEntries(data) };
  }

  /** `GET /api/v0/storage/raw/{hash}` */
  raw(hash: ItemHash, signal: AbortSignal): Promise<HeldFile | undefined> {
    return this.#archive.heldFile(hash, signal);
  }

  /** `GET /api/v0/price/{hash}` */
  async price(hash: ItemHash, signal: AbortSignal): Promise<Json | undefined> {
    const price = await this.#source.price(hash, signal);
    return (
      price && { required_tokens: price.cost, payment_type: price.type, cost: `${price.cost}` }
    );
  }

  /** One after another: anybody may ask for many large ones. */
  async *#read(hashes: readonly ItemHash[], signal: AbortSignal): AsyncGenerator<Json, undefined> {
    for (const hash of hashes) {
      const message = await this.#archive.held(hash, signal);
      if (message) yield message.raw;
    }
    return undefined;
  }

  /** `GET /api/v0/addresses/{address}/balance` */
  async balance(address: string, signal: AbortSignal): Promise<Json> {
    const { tokens, credits } = await this.#source.balance(address, signal);
    return { address, balance: tokens, locked_amount: 0, credit_balance: credits };
  }
}

export type Json = Readonly<Record<string, unknown>>;

export interface MessagePage {
  /** read as they are asked for */
  readonly messages: AsyncIterable<Json>;
  /** what stands beside the messages */
  readonly pagination: Json;
}

export interface Page {
  /** from 1 */
  readonly page: number;
  readonly perPage: number;
}

/** messages in one answer */
export const MAX_PER_PAGE = 200;

/** aggregates in one answer */
const MAX_KEYS = 1_000;
