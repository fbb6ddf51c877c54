/** What the network's API server tells by itself: messages as they are published, over a WebSocket that is opened again whenever it breaks. */

import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";
import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import type { Log } from "#core/ports/log.ts";
import { Announcer } from "#lib/announcer.ts";

import { valueIn } from "./network-words.ts";

/** of one message; longer ones are passed over */
const MAX_MESSAGE_CHARS = 4_194_304;
/** hashes that one FORGET message forgets */
const MAX_FORGOTTEN = 1_000;
const MAX_PAUSE_MS = 60_000;

export interface NetworkFeedDeps {
  /** URL without a slash at its end */
  readonly apiServer: string;
  /** pause before a broken connection is opened again, in milliseconds; it doubles while that fails, up to a minute */
  readonly firstPauseMs: number;
  readonly log: Log;
}

/** Connected for as long as somebody listens. */
export class NetworkFeed {
  readonly #deps: NetworkFeedDeps;
  readonly #changes = new Announcer<SourceChange>();
  #listeners = 0;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs: number;
  #isTold = false;

  constructor(deps: NetworkFeedDeps) {
    this.#deps = deps;
    this.#pauseMs = deps.firstPauseMs;
  }

  listen(listener: (change: SourceChange) => void): Disposable {
    const listening = new DisposableStack();
    listening.use(this.#changes.listen(listener));
    listening.defer(() => this.#left());
    this.#listeners += 1;
    if (this.#listeners === 1) this.#connect();
    return listening;
  }

  #left(): void {
    this.#listeners -= 1;
    if (this.#listeners > 0) return;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #connect(): void {
    const url = `${this.#deps.apiServer.replace(/^http/, "ws")}/api/ws0/messages`;
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#pauseMs = this.#deps.firstPauseMs;
      this.#isTold = false;
    });
    socket.addEventListener("message", ({ data }) => this.#heard(data));
    // An error is always followed by a close, which says all that is to be done.
    socket.addEventListener("close", () => this.#closed(socket));
  }

  #closed(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    if (!this.#isTold) this.#deps.log.warn("messages.feed_lost", { server: this.#deps.apiServer });
    this.#isTold = true;
    this.#timer = setTimeout(() => this.#connect(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
  }

  #heard(data: unknown): void {
    if (typeof data !== "string" || data.length > MAX_MESSAGE_CHARS) return;
    for (const change of changesIn(parsed(data))) this.#changes.announce(change);
  }
}

/** What a published message changes. Whoever is told asks for the rest: nothing of it is believed here. */
export function changesIn(message: unknown): readonly SourceChange[] {
  const content = valueIn(message, "content");
  switch (valueIn(message, "type")) {
    case "INSTANCE":
    case "PROGRAM":
      return hashesIn([valueIn(message, "item_hash")]).map((hash) => ({ what: "message", hash }));
    case "STORE":
      return hashesIn([valueIn(content, "ref")]).map((ref) => ({ what: "file", ref }));
    case "FORGET":
      return hashesIn(valueIn(content, "hashes")).map((hash) => ({ what: "forgotten", hash }));
    case "AGGREGATE": {
      const address = valueIn(content, "address");
      const key = valueIn(content, "key");
      if (typeof address !== "string" || typeof key !== "string") return [];
      return [{ what: "aggregate", address: address.toLowerCase(), key }];
    }
    default:
      return [];
  }
}

function hashesIn(list: unknown): readonly ItemHash[] {
  if (!Array.isArray(list)) return [];
  return list
    .slice(0, MAX_FORGOTTEN)
    .flatMap((one: unknown) => (typeof one === "string" ? (parseItemHash(one) ?? []) : []));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON changes nothing.
    return undefined;
  }
}
