/** Where things lie in the store. Names are checked before they become paths. Pure. */

import path from "node:path";

import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";

/** messages, files or owners in one directory that are looked at */
export const MAX_FILES = 100_000;
/** of a message or an aggregate */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** of the ledger or the list of domains */
export const MAX_TABLE_BYTES = 16 * 1024 * 1024;

const JSON_ENDING = ".json";
const ADDRESS = /^[a-z0-9_-]{1,128}$/;
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

export class StoreLayout {
  readonly messages: string;
  readonly files: string;
  readonly blobs: string;
  readonly aggregates: string;
  readonly tombstones: string;
  readonly ledger: string;
  readonly domains: string;
  /** directories that there have to be */
  readonly own: readonly string[];
  /** of the network's own nodes: messages, and files of each kind */
  readonly cachedMessages: string;
  readonly caches: readonly string[];

  /** @param store, cacheRoot absolute paths */
  constructor(store: string, cacheRoot: string) {
    this.messages = path.join(store, "messages");
    this.files = path.join(store, "files");
    this.blobs = path.join(store, "blobs");
    this.aggregates = path.join(store, "aggregates");
    this.tombstones = path.join(store, "tombstones");
    this.ledger = path.join(store, "ledger.json");
    this.domains = path.join(store, "domains.json");
    this.cachedMessages = path.join(cacheRoot, "message");
    const { messages, files, blobs, aggregates, tombstones, cachedMessages } = this;
    this.own = [messages, files, blobs, aggregates, tombstones, cachedMessages];
    this.caches = ["runtime", "data", "code"].map((kind) => path.join(cacheRoot, kind));
  }
}

export function messageName(hash: ItemHash): string {
  return `${hash}${JSON_ENDING}`;
}

/** @returns `undefined` for what is no message's file */
export function hashOfMessageName(name: string): ItemHash | undefined {
  return name.endsWith(JSON_ENDING) ? parseItemHash(name.slice(0, -JSON_ENDING.length)) : undefined;
}

/** @returns the name of an owner's directory; `undefined` for what is no address */
export function ownerName(address: string): string | undefined {
  const name = address.toLowerCase();
  return ADDRESS.test(name) ? name : undefined;
}

/** @returns `undefined` for a key that cannot be a file's name */
export function aggregateName(key: string): string | undefined {
  return KEY.test(key) ? `${key}${JSON_ENDING}` : undefined;
}

/** @returns `undefined` for what is no aggregate's file */
export function keyOfAggregateName(name: string): string | undefined {
  const key = name.endsWith(JSON_ENDING) ? name.slice(0, -JSON_ENDING.length) : "";
  return KEY.test(key) ? key : undefined;
}
