/** The local store first, and the network behind it. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type {
  Balance,
  MessageSource,
  Price,
  SourceChange,
} from "#core/aleph/ports/message-source.ts";

import type { LocalStore } from "./local-store.ts";

export interface SourcesDeps {
  readonly local: LocalStore;
  readonly network: MessageSource;
  /** whose word counts for balances and prices */
  readonly money: "local" | "network";
}

export class Sources implements MessageSource {
  constructor(deps: SourcesDeps) {
    void deps;
  }
  async message(_hash: ItemHash, _signal: AbortSignal): Promise<StoredMessage | undefined> {
    throw new Error("invariant: not written yet");
  }
  async isForgotten(_hash: ItemHash): Promise<boolean> {
    throw new Error("invariant: not written yet");
  }
  async latest(_ref: ItemHash, _signal: AbortSignal): Promise<ItemHash> {
    throw new Error("invariant: not written yet");
  }
  async file(_ref: ItemHash, _signal: AbortSignal): Promise<string> {
    throw new Error("invariant: not written yet");
  }
  async aggregate(_address: string, _key: string, _signal: AbortSignal): Promise<unknown> {
    throw new Error("invariant: not written yet");
  }
  async balance(_address: string, _signal: AbortSignal): Promise<Balance> {
    throw new Error("invariant: not written yet");
  }
  async price(_hash: ItemHash, _signal: AbortSignal): Promise<Price | undefined> {
    throw new Error("invariant: not written yet");
  }
  onChange(_listener: (change: SourceChange) => void): Disposable {
    throw new Error("invariant: not written yet");
  }
}
