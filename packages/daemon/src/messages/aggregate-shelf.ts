/** The aggregates of the store: one directory an owner, one file a key. */

import path from "node:path";

import type { AggregatePlace } from "#core/aleph/ports/message-archive.ts";
import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type { Log } from "#core/ports/log.ts";

import { readJson } from "./bounded-json.ts";
import type { DamageReport } from "./damage-report.ts";
import { namesIn, type Look } from "./look.ts";
import { Snapshot } from "./snapshot.ts";
import { aggregateName, keyOfAggregateName, MAX_JSON_BYTES, ownerName } from "./store-layout.ts";
import { entriesOf, writeText } from "./whole-file.ts";

/** owners whose aggregates are watched, and keys of one owner */
const MAX_OWNERS = 10_000;
const MAX_KEYS = 1_000;

export interface AggregateShelfDeps {
  /** absolute path */
  readonly directory: string;
  readonly damage: DamageReport;
  readonly log: Log;
}

export class AggregateShelf {
  readonly #deps: AggregateShelfDeps;
  readonly #owners = new Map<string, Snapshot>();

  constructor(deps: AggregateShelfDeps) {
    this.#deps = deps;
  }

  /** directories that are looked at */
  directories(): readonly string[] {
    return [this.#deps.directory, ...[...this.#owners.values()].map(({ directory }) => directory)];
  }

  /** directories of all owners there are, looked at or not */
  async allDirectories(): Promise<readonly string[]> {
    const { directory } = this.#deps;
    const names = (await entriesOf(directory)).filter((name) => ownerName(name) === name);
    return names.slice(0, MAX_OWNERS).map((name) => path.join(directory, name));
  }

  /**
   * A damaged one is not the same as none: nobody loses ports or delegates because a file was half written.
   * @returns `undefined` when there is none. @throws Refusal `unavailable` when it is damaged
   */
  async get({ address, key }: AggregatePlace): Promise<unknown> {
    const file = this.#fileOf({ address, key });
    if (file === undefined) return undefined;
    const json = await readJson(file, MAX_JSON_BYTES);
    if (json.kind === "value") return json.value;
    if (json.kind === "missing") return undefined;
    this.#deps.damage.tell(file, json.stamp, json.reason);
    const what = `The aggregate ${key} of ${address} cannot be read: ${json.reason}`;
    throw new Refusal("unavailable", `${what}. Its file in the node's store has to be made anew`);
  }

  /** @returns absolute path of the file. @throws Refusal `bad request`, `too large`, `no storage` */
  async keep(
    place: AggregatePlace,
    value: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<string> {
    const file = this.#fileOf(place);
    if (file === undefined) {
      throw new Refusal(
        "bad request",
        "An aggregate needs the address of its owner, and a key of at most 128 letters, digits, dots, dashes and underscores",
      );
    }
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > MAX_JSON_BYTES) {
      throw new Refusal("too large", `Aggregates here have at most ${MAX_JSON_BYTES} bytes`);
    }
    await writeText(file, text, signal);
    return file;
  }

  async keysOf(address: string): Promise<readonly string[]> {
    const owner = ownerName(address);
    if (owner === undefined) return [];
    const names = await entriesOf(path.join(this.#deps.directory, owner));
    return names.flatMap((name) => keyOfAggregateName(name) ?? []).slice(0, MAX_KEYS);
  }

  /** Looks again. Not to be called twice at once. @returns what has changed */
  async refresh(look: Look): Promise<readonly SourceChange[]> {
    if (namesIn(look, this.#deps.directory) !== undefined) await this.#findOwners();
    const changes: SourceChange[] = [];
    for (const [address, snapshot] of this.#owners) {
      const news = await snapshot.changes(look);
      if (snapshot.names().length === 0) this.#owners.delete(address);
      for (const { name } of news) {
        const key = keyOfAggregateName(name);
        if (key !== undefined) changes.push({ what: "aggregate", address, key });
      }
    }
    return changes;
  }

  async #findOwners(): Promise<void> {
    const { directory, log } = this.#deps;
    for (const name of await entriesOf(directory)) {
      if (ownerName(name) !== name || this.#owners.has(name)) continue;
      if (this.#owners.size >= MAX_OWNERS) {
        return log.warn("messages.too_many_owners", { directory, looked_at: MAX_OWNERS });
      }
      const owner = path.join(directory, name);
      const deps = { directory: owner, maxFiles: MAX_KEYS, isWanted: isAggregate, log };
      this.#owners.set(name, new Snapshot(deps));
    }
  }

  #fileOf({ address, key }: AggregatePlace): string | undefined {
    const owner = ownerName(address);
    const name = aggregateName(key);
    if (owner === undefined || name === undefined) return undefined;
    return path.join(this.#deps.directory, owner, name);
  }
}

function isAggregate(name: string): boolean {
  return keyOfAggregateName(name) !== undefined;
}
