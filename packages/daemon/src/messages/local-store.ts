/** The node's own store: messages, files, aggregates and balances in a directory that people and programs may change at any time. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type {
  Balance,
  MessageSource,
  Price,
  SourceChange,
} from "#core/aleph/ports/message-source.ts";
import type {
  AggregatePlace,
  HeldFile,
  KeptFile,
  MessageArchive,
  MessageSearch,
} from "#core/aleph/ports/message-archive.ts";
import type { Log } from "#core/ports/log.ts";

export interface LocalStoreDeps {
  /** absolute path of the store; made when it is not there */
  readonly directory: string;
  /** absolute path of the directory with `message`, `code`, `runtime` and `data`, as the network's own nodes fill them */
  readonly cacheRoot: string;
  /** the largest file that is taken in, in bytes */
  readonly maxFileBytes: number;
  readonly log: Log;
}

export class LocalStore implements MessageSource, MessageArchive, AsyncDisposable {
  private constructor(_deps: LocalStoreDeps) {}

  /** Reads what is there and begins to watch it. What is damaged is named in the log and left alone. */
  static async open(deps: LocalStoreDeps, _signal: AbortSignal): Promise<LocalStore> {
    return new LocalStore(deps);
  }

  /** `domains.json` as it is: what the domain service of the network would answer; `undefined` when there is none. */
  async domains(_signal: AbortSignal): Promise<unknown> {
    throw new Error("invariant: not written yet");
  }
  /** tokens a second that the ledger says flow; 0 when it says nothing */
  async rate(_from: string, _to: string, _signal: AbortSignal): Promise<number> {
    throw new Error("invariant: not written yet");
  }
  /** as `file`, with `undefined` for what the store has not */
  async findFile(_ref: ItemHash, _signal: AbortSignal): Promise<string | undefined> {
    throw new Error("invariant: not written yet");
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
  async held(_hash: ItemHash, _signal: AbortSignal): Promise<StoredMessage | undefined> {
    throw new Error("invariant: not written yet");
  }
  async keep(_message: StoredMessage, _signal: AbortSignal): Promise<void> {
    throw new Error("invariant: not written yet");
  }
  async forget(_hash: ItemHash, _signal: AbortSignal): Promise<void> {
    throw new Error("invariant: not written yet");
  }
  async keepFile(
    _ref: ItemHash,
    _bytes: AsyncIterable<Uint8Array>,
    _signal: AbortSignal,
  ): Promise<KeptFile> {
    throw new Error("invariant: not written yet");
  }
  async heldFile(_ref: ItemHash, _signal: AbortSignal): Promise<HeldFile | undefined> {
    throw new Error("invariant: not written yet");
  }
  async keepAggregate(
    _place: AggregatePlace,
    _value: Readonly<Record<string, unknown>>,
    _signal: AbortSignal,
  ): Promise<void> {
    throw new Error("invariant: not written yet");
  }
  async heldAggregate(_place: AggregatePlace, _signal: AbortSignal): Promise<unknown> {
    throw new Error("invariant: not written yet");
  }
  async aggregateKeys(_address: string, _signal: AbortSignal): Promise<readonly string[]> {
    throw new Error("invariant: not written yet");
  }
  async search(_wanted: MessageSearch, _signal: AbortSignal): Promise<readonly StoredMessage[]> {
    throw new Error("invariant: not written yet");
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}
