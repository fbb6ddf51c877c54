/** What the network's API server answers, as values of ours. Pure. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import { isObject } from "#core/aleph/message/lax-values.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import { readMessage } from "#core/aleph/message/parse.ts";
import type { Balance, Price } from "#core/aleph/ports/message-source.ts";

type Members = Readonly<Record<string, unknown>>;

/** what a message is made of; servers add what they know of it beside that */
const MESSAGE_KEYS: ReadonlySet<string> = new Set([
  "sender",
  "chain",
  "type",
  "channel",
  "time",
  "item_type",
  "item_content",
  "item_hash",
  "signature",
  "size",
  "confirmed",
  "confirmations",
  "hash_type",
  "content",
  "forgotten_by",
]);

/** @returns nothing for an answer of another shape */
export function messagesIn(answer: unknown): readonly Members[] {
  const list = valueIn(answer, "messages");
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** @throws SchemaProblems */
export function messageIn(raw: Members, hash: ItemHash): StoredMessage {
  const known = Object.entries(raw).filter(([key]) => MESSAGE_KEYS.has(key));
  return readMessage(Object.fromEntries(known), hash);
}

/** @param answer `undefined` for an address that nobody knows. @throws Error when there is no balance in it */
export function balanceIn(answer: unknown): Balance {
  if (answer === undefined) return { tokens: 0, credits: 0 };
  return {
    tokens: amountOf(valueIn(answer, "balance"), "balance"),
    credits: amountOf(valueIn(answer, "credit_balance") ?? 0, "credit_balance"),
  };
}

/** @param answer `undefined` when there is no price. @throws Error when there is none in it */
export function priceIn(answer: unknown): Price | undefined {
  if (answer === undefined) return undefined;
  const type = valueIn(answer, "payment_type");
  return {
    cost: amountOf(valueIn(answer, "cost") ?? valueIn(answer, "required_tokens"), "cost"),
    type: type === "superfluid" || type === "credit" ? type : "hold",
  };
}

/** @returns `undefined` for what is no object, or has no such key of its own */
export function valueIn(answer: unknown, key: string): unknown {
  return isObject(answer) && Object.hasOwn(answer, key) ? answer[key] : undefined;
}

function amountOf(value: unknown, name: string): number {
  const amount = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof amount === "number" && Number.isFinite(amount)) return amount;
  throw new Error(`The network's ${name} is no number`);
}
