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
  constructor(deps: PublishedDeps) {
    void deps;
  }

  /** `GET /api/v0/messages/{hash}` */
  async status(_hash: ItemHash, _signal: AbortSignal): Promise<Json | undefined> {
    throw new Error("invariant: not written yet");
  }

  /** `GET /api/v0/messages.json`. @param page from 1; @param perPage at most `MAX_PER_PAGE` */
  async messages(_wanted: MessageSearch, _page: Page, _signal: AbortSignal): Promise<Json> {
    throw new Error("invariant: not written yet");
  }

  /** `GET /api/v0/aggregates/{address}.json`. @param keys empty for all */
  async aggregates(
    _address: string,
    _keys: readonly string[],
    _signal: AbortSignal,
  ): Promise<Json | undefined> {
    throw new Error("invariant: not written yet");
  }

  /** `GET /api/v0/storage/raw/{hash}` */
  async raw(_hash: ItemHash, _signal: AbortSignal): Promise<HeldFile | undefined> {
    throw new Error("invariant: not written yet");
  }

  /** `GET /api/v0/price/{hash}` */
  async price(_hash: ItemHash, _signal: AbortSignal): Promise<Json | undefined> {
    throw new Error("invariant: not written yet");
  }

  /** `GET /api/v0/addresses/{address}/balance` */
  async balance(_address: string, _signal: AbortSignal): Promise<Json> {
    throw new Error("invariant: not written yet");
  }
}

export type Json = Readonly<Record<string, unknown>>;

export interface Page {
  readonly page: number;
  readonly perPage: number;
}

/** messages in one answer */
export const MAX_PER_PAGE = 200;
