/** The network as a source: its API server for what is known, its IPFS gateway for some of the files. */

import path from "node:path";

import { isSameAddress } from "#core/aleph/caller.ts";
import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type {
  Balance,
  MessageSource,
  Price,
  SourceChange,
} from "#core/aleph/ports/message-source.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type { Clock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";

import { ApiClient } from "./api-client.ts";
import { Downloads } from "./downloads.ts";
import { publishedBy } from "./file-shelf.ts";
import { NetworkFeed } from "./network-feed.ts";
import { balanceIn, messageIn, messagesIn, priceIn, valueIn } from "./network-words.ts";
import { Remembered } from "./remembered.ts";

const BALANCE_TTL_MS = 30_000;
const STATUS_TTL_MS = 30_000;
const PRICE_TTL_MS = 300_000;
/** versions of one file that are looked at */
const MAX_VERSIONS = 100;

export interface NetworkSourceDeps {
  /** URL without a slash at its end, such as `https://api.example.org` */
  readonly apiServer: string;
  /** the same, such as `https://ipfs.example.org/ipfs` */
  readonly ipfsGateway: string;
  /** absolute path of the directory with `message` and `data`: what was fetched is kept there */
  readonly cacheRoot: string;
  /** the largest file that is fetched, in bytes */
  readonly maxFileBytes: number;
  /** pause before the second attempt, in milliseconds; it doubles with every further one */
  readonly firstPauseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whatever cannot be asked now is a Refusal `unavailable`, in the network's own words. */
export class NetworkSource implements MessageSource {
  readonly #api: ApiClient;
  readonly #downloads: Downloads;
  readonly #feed: NetworkFeed;
  readonly #balances: Remembered<Balance>;
  readonly #prices: Remembered<Price | undefined>;
  readonly #statuses: Remembered<string>;

  constructor(deps: NetworkSourceDeps) {
    const { apiServer, cacheRoot, firstPauseMs, clock } = deps;
    this.#feed = new NetworkFeed(deps);
    this.#api = new ApiClient(apiServer, firstPauseMs);
    this.#downloads = new Downloads({ ...deps, directory: path.join(cacheRoot, "data") });
    this.#balances = new Remembered(BALANCE_TTL_MS, clock);
    this.#prices = new Remembered(PRICE_TTL_MS, clock);
    this.#statuses = new Remembered(STATUS_TTL_MS, clock);
  }

  async message(hash: ItemHash, signal: AbortSignal): Promise<StoredMessage | undefined> {
    const answer = await this.#ask(`/api/v0/messages.json?hashes=${hash}`, signal);
    const [found] = messagesIn(answer).filter((one) => one["item_hash"] === hash);
    return found && this.#understood(() => messageIn(found, hash));
  }

  /** @returns `false` also when nobody knows the message. */
  async isForgotten(hash: ItemHash): Promise<boolean> {
    const ask = async () => {
      const answer = await this.#ask(`/api/v0/messages/${hash}`, AbortSignal.timeout(30_000));
      return String(valueIn(answer, "status"));
    };
    return (await this.#statuses.get(hash, ask)) === "forgotten";
  }

  async latest(ref: ItemHash, signal: AbortSignal): Promise<ItemHash> {
    const original = await this.message(ref, signal);
    const owner = original?.content["address"];
    if (typeof owner !== "string") return ref;
    const query = new URLSearchParams({ msgType: "STORE", refs: ref, owners: owner });
    query.set("pagination", String(MAX_VERSIONS));
    const answer = await this.#ask(`/api/v0/messages.json?${query.toString()}`, signal);
    const versions = messagesIn(answer).flatMap((raw) => {
      const hash = parseItemHash(String(raw["item_hash"]));
      return hash === undefined ? [] : this.#understood(() => messageIn(raw, hash));
    });
    const [newest] = versions
      .filter((one) => one.type === "STORE" && one.content["ref"] === ref && isBy(one, owner))
      .toSorted((one, other) => other.time - one.time);
    return newest?.itemHash ?? ref;
  }

  async file(ref: ItemHash, signal: AbortSignal): Promise<string> {
    const message = await this.message(ref, signal);
    const blob = message ? publishedBy(message) : ref;
    if (blob === undefined) throw new Refusal("not found", `File not found: ${ref}`);
    return await reachable(this.#downloads.fetch({ ref, blob }, signal), signal);
  }

  async aggregate(address: string, key: string, signal: AbortSignal): Promise<unknown> {
    const query = new URLSearchParams({ keys: key }).toString();
    const place = `/api/v0/aggregates/${encodeURIComponent(address)}.json?${query}`;
    return valueIn(valueIn(await this.#ask(place, signal), "data"), key);
  }

  balance(address: string, signal: AbortSignal): Promise<Balance> {
    const place = `/api/v0/addresses/${encodeURIComponent(address)}/balance`;
    const ask = async () => {
      const answer = await this.#ask(place, signal);
      return this.#understood(() => balanceIn(answer));
    };
    return this.#balances.get(address.toLowerCase(), ask);
  }

  price(hash: ItemHash, signal: AbortSignal): Promise<Price | undefined> {
    const ask = async () => {
      const answer = await this.#ask(`/api/v0/price/${hash}`, signal);
      return this.#understood(() => priceIn(answer));
    };
    return this.#prices.get(hash, ask);
  }

  /** Connected to the server's feed for as long as somebody listens. */
  onChange(listener: (change: SourceChange) => void): Disposable {
    return this.#feed.listen(listener);
  }

  #ask(place: string, signal: AbortSignal): Promise<unknown> {
    return reachable(this.#api.json(place, signal), signal);
  }

  /** What the network answers and nobody can read is the network's trouble, not the caller's bad request. */
  #understood<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw unavailable(error);
    }
  }
}

function isBy({ content }: StoredMessage, owner: string): boolean {
  return typeof content["address"] === "string" && isSameAddress(content["address"], owner);
}

async function reachable<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Refusal ? error : unavailable(error);
  }
}

function unavailable(cause: unknown): Refusal {
  return new Refusal("unavailable", "503: Aleph Connector unavailable", { cause });
}
