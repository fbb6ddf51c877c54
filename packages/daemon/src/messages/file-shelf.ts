/** The files of the store, and of the caches of the network's own nodes: found by the message that published them, or by their own name. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";

import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type { HeldFile, KeptFile } from "#core/aleph/ports/message-archive.ts";
import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type { Log } from "#core/ports/log.ts";

import { isCode } from "./bounded-json.ts";
import type { Look } from "./look.ts";
import { Snapshot } from "./snapshot.ts";
import { MAX_FILES, type StoreLayout } from "./store-layout.ts";
import { writeWhole } from "./whole-file.ts";

export interface FileShelfDeps {
  readonly layout: StoreLayout;
  readonly maxFileBytes: number;
  readonly log: Log;
}

export class FileShelf {
  readonly #deps: FileShelfDeps;
  readonly #snapshot: Snapshot;

  constructor(deps: FileShelfDeps) {
    this.#deps = deps;
    this.#snapshot = new Snapshot({
      directory: deps.layout.files,
      maxFiles: MAX_FILES,
      isWanted: (name) => parseItemHash(name) !== undefined,
      log: deps.log,
    });
  }

  /** @param message that published it, if the store has that. @returns absolute path */
  async find(ref: ItemHash, message: StoredMessage | undefined): Promise<string | undefined> {
    const { files, blobs, caches } = this.#deps.layout;
    const blob = publishedBy(message);
    const places = [
      path.join(files, ref),
      ...(blob === undefined ? [] : [path.join(files, blob), path.join(blobs, blob)]),
      path.join(blobs, ref),
      ...[ref, ...(blob === undefined ? [] : [blob])].flatMap((name) =>
        caches.map((cache) => path.join(cache, name)),
      ),
    ];
    for (const place of places) if ((await sizeOf(place)) !== undefined) return place;
    return undefined;
  }

  /** @throws Refusal `bad request` when `message` says that the file's bytes are others */
  async keep(
    place: FilePlace,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<KeptFile> {
    const blob = publishedBy(place.message);
    const accept = ({ sha256 }: KeptFile) => {
      if (blob === undefined || !/^[0-9a-f]{64}$/.test(blob) || blob === sha256) return;
      const text = `The file's SHA-256 is ${sha256}, but its message says ${blob}; send the file of that message`;
      throw new Refusal("bad request", text);
    };
    const file = path.join(this.#deps.layout.files, place.ref);
    return await writeWhole({ file, bytes, maxBytes: this.#deps.maxFileBytes, accept }, signal);
  }

  /** Looks again. @returns files that are others than before; new ones replace nothing */
  async refresh(look: Look): Promise<readonly SourceChange[]> {
    return (await this.#snapshot.changes(look)).flatMap(({ name, what }): SourceChange[] => {
      const ref = parseItemHash(name);
      return what === "changed" && ref ? [{ what: "file", ref }] : [];
    });
  }
}

export interface FilePlace {
  readonly ref: ItemHash;
  readonly message: StoredMessage | undefined;
}

/** @returns `undefined` when there is no regular file any more */
export async function heldAt(file: string): Promise<HeldFile | undefined> {
  const sizeBytes = await sizeOf(file);
  if (sizeBytes === undefined) return undefined;
  return {
    sizeBytes,
    read: (signal) => contentOf(file, sizeBytes, signal),
  };
}

/** As much as there was when it was looked at; opens nothing before it is read. */
async function* contentOf(
  file: string,
  sizeBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, undefined> {
  if (sizeBytes > 0) yield* createReadStream(file, { signal, end: sizeBytes - 1 });
  return undefined;
}

/** name of the file that a STORE message is about */
export function publishedBy(message: StoredMessage | undefined): ItemHash | undefined {
  const name = message?.type === "STORE" ? message.content["item_hash"] : undefined;
  return typeof name === "string" ? parseItemHash(name) : undefined;
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const facts = await stat(file);
    return facts.isFile() ? facts.size : undefined;
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}
