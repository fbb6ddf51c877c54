/** What is put into the node's store: by its administrator, who is believed, or by anybody, who has to prove it. */

import type { ItemHash } from "../item-hash.ts";
import type {
  AggregatePlace,
  HeldFile,
  KeptFile,
  MessageArchive,
} from "../ports/message-archive.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import type { StoredMessage } from "./content.ts";

/** `verify`: hash, content and the sender's signature have to fit each other, and the sender the owner */
export type Trust = "administrator" | "verify";

export interface ImportsDeps {
  readonly archive: MessageArchive;
  readonly signatures: WalletSignatures;
}

export class Imports {
  constructor(readonly_: ImportsDeps) {
    void readonly_;
  }

  /**
   * @param value a whole message, or under `administrator` the bare content of one
   * @returns `unchanged` when the store has this very message
   * @throws SchemaProblems; Refusal `bad request` when it does not prove itself, `conflict` when the store has
   *   another of that hash or it was forgotten, `no storage`
   */
  async putMessage(_put: PutMessage, _signal: AbortSignal): Promise<PutResult> {
    throw new Error("invariant: not written yet");
  }

  /** @throws Refusal `not found` */
  async message(_hash: ItemHash, _signal: AbortSignal): Promise<StoredMessage> {
    throw new Error("invariant: not written yet");
  }

  /** Only for the administrator. @throws Refusal `no storage`, `too large` */
  async putFile(
    _ref: ItemHash,
    _bytes: AsyncIterable<Uint8Array>,
    _signal: AbortSignal,
  ): Promise<KeptFile> {
    throw new Error("invariant: not written yet");
  }

  /** @throws Refusal `not found` */
  async file(_ref: ItemHash, _signal: AbortSignal): Promise<HeldFile> {
    throw new Error("invariant: not written yet");
  }

  /** Only for the administrator. @throws Refusal `bad request` for what is no object or no good key, `no storage` */
  async putAggregate(_place: AggregatePlace, _value: unknown, _signal: AbortSignal): Promise<void> {
    throw new Error("invariant: not written yet");
  }

  /** @throws Refusal `not found` */
  async aggregate(_place: AggregatePlace, _signal: AbortSignal): Promise<unknown> {
    throw new Error("invariant: not written yet");
  }
}

export interface PutMessage {
  readonly hash: ItemHash;
  readonly value: unknown;
  readonly trust: Trust;
}

export type PutResult = "created" | "unchanged";
