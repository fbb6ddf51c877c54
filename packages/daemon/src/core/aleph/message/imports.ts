/** What is put into the node's store: by its administrator, who is believed, or by anybody, who has to prove it. */

import { isDeepStrictEqual } from "node:util";

import { Turnstile } from "#lib/turnstile.ts";

import { isSameAddress } from "../caller.ts";
import { parseItemHash, type ItemHash } from "../item-hash.ts";
import type {
  AggregatePlace,
  HeldFile,
  KeptFile,
  MessageArchive,
} from "../ports/message-archive.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import { Refusal } from "../refusal.ts";
import type { StoredMessage } from "./content.ts";
import { isDelegate } from "../delegates.ts";
import { readExecutable, readMessage } from "./parse.ts";
import { isObject } from "./lax-values.ts";
import { flawOf } from "./verification.ts";

/** `verify`: hash, content and the sender's signature have to fit each other, and the sender the owner */
export type Trust = "administrator" | "verify";

/** of a message that comes from anybody: what the network itself takes inline, and its envelope */
const MAX_OPEN_CHARS = 262_144;
/** messages in the store beyond which it takes none from anybody: wallets cost nothing */
const MAX_OPEN_MESSAGES = 20_000;

/** messages that one FORGET message forgets */
const MAX_FORGOTTEN = 1_000;

export interface ImportsDeps {
  readonly archive: MessageArchive;
  readonly signatures: WalletSignatures;
  /** @returns an owner's aggregate, from wherever it is known: who may send messages for others is in there */
  readonly aggregate: (address: string, key: string, signal: AbortSignal) => Promise<unknown>;
}

export class Imports {
  readonly #deps: ImportsDeps;
  readonly #oneAtATime = new Turnstile();

  constructor(deps: ImportsDeps) {
    this.#deps = deps;
  }

  /**
   * @param put a whole message, or under `administrator` the bare content of one. Under `verify` only those of VMs are taken
   * @returns `unchanged` when the store has this very message
   * @throws SchemaProblems; Refusal `bad request` when it does not prove itself, `conflict` when the store has
   *   another of that hash or it was forgotten, `no storage`
   */
  async putMessage({ hash, value, trust }: PutMessage, signal: AbortSignal): Promise<PutResult> {
    const message = readMessage(value, hash);
    if (message.type === "INSTANCE" || message.type === "PROGRAM") readExecutable(message.content);
    if (trust === "verify") await this.#verify(message, signal);
    using _ = await this.#oneAtATime.enter(signal);
    const { archive } = this.#deps;
    if (await archive.isForgotten(hash)) {
      throw new Refusal("conflict", `The message ${hash} was forgotten, and stays so`);
    }
    const held = await archive.held(hash, signal);
    if (held && !isSame(held, message)) {
      throw new Refusal("conflict", `There is another message of the hash ${hash} already`);
    }
    if (!held && trust === "verify") this.#checkRoom();
    if (!held) await archive.keep(message, signal);
    if (message.type === "FORGET") await this.#forget(message, signal);
    return held ? "unchanged" : "created";
  }

  /** @throws Refusal `not found` */
  async message(hash: ItemHash, signal: AbortSignal): Promise<StoredMessage> {
    const { archive } = this.#deps;
    const message = (await archive.isForgotten(hash))
      ? undefined
      : await archive.held(hash, signal);
    if (!message) throw new Refusal("not found", `Hash not found: ${hash}`);
    return message;
  }

  /** Only for the administrator. @throws Refusal `no storage`, `too large`, `bad request` when its message names other bytes */
  putFile(ref: ItemHash, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<KeptFile> {
    return this.#deps.archive.keepFile(ref, bytes, signal);
  }

  /** @throws Refusal `not found` */
  async file(ref: ItemHash, signal: AbortSignal): Promise<HeldFile> {
    const file = await this.#deps.archive.heldFile(ref, signal);
    if (!file) throw new Refusal("not found", `File not found: ${ref}`);
    return file;
  }

  /** Only for the administrator. @throws Refusal `bad request` for what is no object or no good key, `no storage` */
  async putAggregate(place: AggregatePlace, value: unknown, signal: AbortSignal): Promise<void> {
    if (!isObject(value)) throw new Refusal("bad request", "An aggregate is an object of JSON");
    await this.#deps.archive.keepAggregate(place, value, signal);
  }

  /** @throws Refusal `not found` */
  async aggregate(place: AggregatePlace, signal: AbortSignal): Promise<unknown> {
    const value = await this.#deps.archive.heldAggregate(place, signal);
    if (value === undefined) {
      throw new Refusal("not found", `No aggregate ${place.key} of ${place.address}`);
    }
    return value;
  }

  async #verify(message: StoredMessage, signal: AbortSignal): Promise<void> {
    if (message.type !== "INSTANCE" && message.type !== "PROGRAM") {
      throw new Refusal("bad request", "Only the messages of VMs are taken from everybody");
    }
    if (JSON.stringify(message.raw).length > MAX_OPEN_CHARS) {
      throw new Refusal("too large", `A message has at most ${MAX_OPEN_CHARS} characters here`);
    }
    const flaw = flawOf(message, this.#deps.signatures);
    if (flaw !== undefined) throw new Refusal("bad request", flaw);
    const owner = ownerOf(message);
    if (isSameAddress(owner, message.sender)) return;
    const security = await this.#deps.aggregate(owner, "security", signal);
    if (isDelegate(security, message.sender, message.type)) return;
    throw new Refusal("bad request", "The message's sender may not send for the content's address");
  }

  #checkRoom(): void {
    if (this.#deps.archive.count() < MAX_OPEN_MESSAGES) return;
    const text = "This node keeps no more messages; ask its administrator to import this one";
    throw new Refusal("no storage", text);
  }

  /** An owner's own messages only; what else it names stays. */
  async #forget(forget: StoredMessage, signal: AbortSignal): Promise<void> {
    const { hashes } = forget.content;
    if (!Array.isArray(hashes)) return;
    for (const name of hashes.slice(0, MAX_FORGOTTEN)) {
      const hash = typeof name === "string" ? parseItemHash(name) : undefined;
      const message = hash && (await this.#deps.archive.held(hash, signal));
      if (!message || !isSameAddress(ownerOf(message), ownerOf(forget))) continue;
      if (message.type === "FORGET") continue; // forgetting cannot be undone by forgetting it
      await this.#deps.archive.forget(message.itemHash, signal);
    }
  }
}

export interface PutMessage {
  readonly hash: ItemHash;
  readonly value: unknown;
  readonly trust: Trust;
}

export type PutResult = "created" | "unchanged";

function ownerOf({ content }: StoredMessage): string {
  return typeof content["address"] === "string" ? content["address"] : "";
}

/** The network adds to a message where it was confirmed; that makes it no other one. */
function isSame(one: StoredMessage, other: StoredMessage): boolean {
  return isDeepStrictEqual(saidBy(one), saidBy(other));
}

function saidBy({ sender, chain, type, time, content, raw }: StoredMessage): readonly unknown[] {
  return [sender, chain, type, time, content, raw["signature"], raw["item_content"] ?? null];
}
