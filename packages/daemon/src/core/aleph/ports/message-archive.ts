/** The port to the node's own store of messages, files and aggregates: what `Imports` writes and `Published` reads. */

import type { ItemHash } from "../item-hash.ts";
import type { MessageType, StoredMessage } from "../message/content.ts";

export interface MessageArchive {
  /** @returns what the store itself has, forgotten or not; the network is not asked */
  held(hash: ItemHash, signal: AbortSignal): Promise<StoredMessage | undefined>;

  /** Keeps a message in place of what the store had of that hash. Resolves when it is on the disk. @throws Refusal `no storage` */
  keep(message: StoredMessage, signal: AbortSignal): Promise<void>;

  /** how many messages the store has */
  count(): number;

  /** Marks a message as forgotten, for good. */
  forget(hash: ItemHash, signal: AbortSignal): Promise<void>;

  isForgotten(hash: ItemHash): Promise<boolean>;

  /**
   * Keeps a file under `ref` in place of what was there; whoever has the old one open keeps it. On failure nothing is left.
   * @throws Refusal `no storage` when the disk is full, `too large`
   */
  keepFile(ref: ItemHash, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<KeptFile>;

  /** @returns the file by the message that published it, or its own name; `undefined` when the store has none */
  heldFile(ref: ItemHash, signal: AbortSignal): Promise<HeldFile | undefined>;

  /** Keeps an owner's aggregate. @param value an object of JSON; @throws Refusal `no storage` */
  keepAggregate(
    place: AggregatePlace,
    value: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<void>;

  /** @returns `undefined` when the owner has none of that key */
  heldAggregate(place: AggregatePlace, signal: AbortSignal): Promise<unknown>;

  /** keys of an owner's aggregates, sorted */
  aggregateKeys(address: string, signal: AbortSignal): Promise<readonly string[]>;

  /** @returns hashes of the messages that fit, newest first, without those forgotten */
  search(wanted: MessageSearch, signal: AbortSignal): Promise<readonly ItemHash[]>;
}

export interface AggregatePlace {
  /** as written by anybody; letters' case makes no difference */
  readonly address: string;
  readonly key: string;
}

/** Empty lists ask for everything. */
export interface MessageSearch {
  readonly hashes: readonly ItemHash[];
  readonly types: readonly MessageType[];
  /** of STORE messages: whose versions they are */
  readonly refs: readonly string[];
  /** `content.address` */
  readonly owners: readonly string[];
}

export interface KeptFile {
  readonly sizeBytes: number;
  /** hexadecimal */
  readonly sha256: string;
}

export interface HeldFile {
  readonly sizeBytes: number;
  /** @throws Error when it cannot be read any more */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}
