/** The network as a source: its API server for what is known, its IPFS gateway for some of the files. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type {
  Balance,
  MessageSource,
  Price,
  SourceChange,
} from "#core/aleph/ports/message-source.ts";
import type { Clock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";

export interface NetworkSourceDeps {
  /** URL without a slash at its end, such as `https://api.example.org` */
  readonly apiServer: string;
  /** the same, such as `https://ipfs.example.org/ipfs` */
  readonly ipfsGateway: string;
  /** absolute path of the directory with `message` and `data`: what was fetched is kept there */
  readonly cacheRoot: string;
  /** the largest file that is fetched, in bytes */
  readonly maxFileBytes: number;
  /** pause before the second attempt, in milliseconds; it doubles with every further one */
  readonly firstPauseMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class NetworkSource implements MessageSource {
  constructor(deps: NetworkSourceDeps) {
    void deps;
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
}
