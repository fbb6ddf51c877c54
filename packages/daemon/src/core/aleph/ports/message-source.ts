/**
 * The port to messages, files, aggregates and balances: the local store, and behind it, if the operator
 * wants that, the network.
 */

import type { ItemHash } from "../item-hash.ts";
import type { StoredMessage } from "../message/content.ts";

export interface MessageSource {
  /** @returns `undefined` when nobody has it, or it was forgotten */
  message(hash: ItemHash, signal: AbortSignal): Promise<StoredMessage | undefined>;

  /** whether its author, or the administrator, has forgotten it */
  isForgotten(hash: ItemHash): Promise<boolean>;

  /** @returns the newest version of a file's message that its own owner has published; `ref` itself when there is none */
  latest(ref: ItemHash, signal: AbortSignal): Promise<ItemHash>;

  /**
   * Finds a file by the message that published it, or by its own name.
   * @returns absolute path, never to be written to
   * @throws Refusal `not found` when nobody has it
   */
  file(ref: ItemHash, signal: AbortSignal): Promise<string>;

  /**
   * @returns the value of an owner's aggregate, as JSON; `undefined` when the owner has none of that key
   * @throws Error when it cannot be known now: not the same as having none
   */
  aggregate(address: string, key: string, signal: AbortSignal): Promise<unknown>;

  /** @throws Error when it cannot be known now */
  balance(address: string, signal: AbortSignal): Promise<Balance>;

  /** @throws Error when it cannot be known now */
  price(hash: ItemHash, signal: AbortSignal): Promise<Price | undefined>;

  /** Calls `listener` after something has changed, whoever changed it. */
  onChange(listener: (change: SourceChange) => void): Disposable;
}

export interface Balance {
  /** tokens */
  readonly tokens: number;
  readonly credits: number;
}

export interface Price {
  /** tokens to hold, or tokens or credits a second, by `type` */
  readonly cost: number;
  readonly type: "hold" | "superfluid" | "credit";
}

export type SourceChange =
  | { readonly what: "message"; readonly hash: ItemHash }
  /** a newer version of this file may be there */
  | { readonly what: "file"; readonly ref: ItemHash }
  /** lower case */
  | { readonly what: "aggregate"; readonly address: string; readonly key: string }
  | { readonly what: "forgotten"; readonly hash: ItemHash }
  | { readonly what: "domains" };
