/** The feed as Server-Sent Events. What many readers are told is put into words once. */

import type { StreamGap, StreamHello } from "@alcove/api";
import type { EventFeed } from "#core/events/event-feed.ts";
import type { FeedItem } from "#core/events/feed-item.ts";
import type { Changed } from "#core/events/host-events.ts";

import { changedVmOf, sampleOf, streamVmOf } from "./vm-words.ts";

/** A comment: the stream is alive. */
const HEARTBEAT = ":\n\n";

export interface FrameParts {
  readonly feed: EventFeed;
  readonly version: string;
}

export class EventFrames {
  readonly #parts: FrameParts;
  readonly #known = new WeakMap<object, string>();

  constructor(parts: FrameParts) {
    this.#parts = parts;
  }

  /** @param place where the reader begins */
  async *of(batches: AsyncIterable<readonly FeedItem[]>, place: number): AsyncGenerator<string> {
    const { feed, version } = this.#parts;
    const started = feed.startedAt.toISOString();
    const hello: StreamHello = { id: feed.newest(), version, started_at: started };
    yield frame("hello", hello, place);
    for await (const batch of batches)
      yield batch.map((item) => this.#frameOf(item)).join("") || HEARTBEAT;
  }

  #frameOf(item: FeedItem): string {
    const key = item.kind === "changed" ? item.changed : item.kind === "host" ? item.sample : item;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#made(item);
    this.#known.set(key, made);
    return made;
  }

  #made(item: FeedItem): string {
    const { kind } = item;
    if (kind === "vm") return frame(kind, streamVmOf(item.event, item.vm), item.event.id);
    if (kind === "changed") return frame(kind, this.#changeOf(item.changed));
    if (kind === "host") return frame(kind, sampleOf(item.sample));
    const gap: StreamGap = { oldest: item.oldest, id: item.newest };
    return frame(kind, gap, item.newest);
  }

  #changeOf({ what, name }: Changed): object {
    if (what === "vm" && name !== undefined) return changedVmOf(name, this.#parts.feed.vm(name));
    return name === undefined ? { what } : { what, name };
  }
}

/** @param id absent: the reader's place stays what it is */
function frame(event: string, data: object, id?: number): string {
  const line = id === undefined ? "" : `id: ${id}\n`;
  return `${line}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
