/** Whole messages, and bare contents that become one. Pure. */

import type { ItemHash } from "../item-hash.ts";
import { MESSAGE_TYPES, type MessageType, type StoredMessage } from "./content.ts";
import { readForm, type Form } from "./form.ts";
import { isObject } from "./lax-values.ts";
import { checked } from "./checked.ts";
import type { Bounds, Spot } from "./spot.ts";

/** how deep objects and lists may lie in each other: what is deeper is made to exhaust whoever walks through it */
const MAX_DEPTH = 64;
const MAX_TEXT_CHARS = 4_096;
/** of a content as text */
const MAX_CONTENT_CHARS = 4_194_304;
const TIME: Bounds = { min: 0, max: 9_223_372_036 };

export function readEnvelope(value: unknown, hash: ItemHash): StoredMessage {
  return checked(value, (spot) => {
    if (!isShallow(value)) {
      spot.complain(`Objects and lists lie in each other more than ${MAX_DEPTH} deep`);
      return emptyMessage(hash);
    }
    const type = isObject(value) && !("sender" in value) ? typeOfContent(value) : undefined;
    return type === undefined
      ? readForm(spot, { name: "AlephMessage", extra: "refuse", read: whole(hash) })
      : wrapped(spot, type, hash);
  });
}

function whole(hash: ItemHash): (form: Form) => StoredMessage {
  return (form) => {
    const sender = form.required("sender").text(MAX_TEXT_CHARS);
    const chain = form.required("chain").text(MAX_TEXT_CHARS);
    const type = form.required("type").choice(MESSAGE_TYPES);
    const time = form.required("time").number(TIME);
    form.required("item_type").choice(["inline", "storage", "ipfs"]);
    form.optional("item_content")?.text(MAX_CONTENT_CHARS);
    const named = form.required("item_hash");
    if (named.hash() !== hash) named.complain(`This is not the message ${hash}`);
    form.optional("signature")?.text(MAX_TEXT_CHARS);
    form.optional("channel")?.text(MAX_TEXT_CHARS);
    form.skip("size", "confirmed", "confirmations", "hash_type", "forgotten_by");
    const place = form.required("content");
    const raw = isObject(form.spot.value) ? form.spot.value : {};
    return { itemHash: hash, type, sender, chain, time, content: contentAt(place), raw };
  };
}

/** What every content has: an owner. */
function contentAt(place: Spot): Readonly<Record<string, unknown>> {
  readForm(place, { name: "BaseContent", extra: "ignore", read: ownerOf });
  return isObject(place.value) ? place.value : {};
}

function ownerOf(form: Form): string {
  return form.required("address").text(MAX_TEXT_CHARS);
}

/** @returns `undefined` for what is no content either */
function typeOfContent(value: Readonly<Record<string, unknown>>): MessageType | undefined {
  if ("rootfs" in value) return "INSTANCE";
  if ("code" in value) return "PROGRAM";
  return "item_type" in value && "item_hash" in value && !("content" in value)
    ? "STORE"
    : undefined;
}

/** A content without a message: its owner is taken to have sent it. */
function wrapped(spot: Spot, type: MessageType, itemHash: ItemHash): StoredMessage {
  const content = contentAt(spot);
  const { address, time } = readForm(spot, {
    name: "BaseContent",
    extra: "ignore",
    read: (form) => ({
      address: typeof content["address"] === "string" ? content["address"] : "",
      time: form.required("time").number(TIME),
    }),
  });
  const chain = chainOf(content, address);
  const envelope = { sender: address, chain, type, channel: null, time, item_type: "storage" };
  const raw = { ...envelope, item_content: null, item_hash: itemHash, signature: null, content };
  return { itemHash, type, sender: address, chain, time, content, raw };
}

function chainOf(content: Readonly<Record<string, unknown>>, address: string): string {
  const { payment } = content;
  if (isObject(payment) && typeof payment["chain"] === "string") return payment["chain"];
  return address.startsWith("0x") ? "ETH" : "SOL";
}

function isShallow(document: unknown): boolean {
  let layer: readonly unknown[] = [document];
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    layer = layer.flatMap((value): readonly unknown[] =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
    if (layer.length === 0) return true;
  }
  return false;
}

function emptyMessage(itemHash: ItemHash): StoredMessage {
  return { itemHash, type: "POST", sender: "", chain: "", time: 0, content: {}, raw: {} };
}
