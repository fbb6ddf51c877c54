/** What happens on this host: the newest events as a list, or all of them as Server-Sent Events. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { EventQuery, VmEvent } from "@alcove/api";
import { invalidRequest } from "#core/errors.ts";
import type { EventFeed } from "#core/events/event-feed.ts";
import type { VmStore } from "#core/ports/vm-store.ts";

import { clientLeft } from "../client-left.ts";
import { sendPieces } from "../streamed.ts";
import { EventFrames } from "./event-frames.ts";
import { eventOf } from "./vm-words.ts";

export interface EventParts {
  readonly store: VmStore;
  readonly feed: EventFeed;
  readonly version: string;
}

const DEFAULT_EVENTS = 100;
const MAX_EVENTS = 1_000;
/** how long a reader may take for one piece before it is cut off, in `ms` */
const STUCK_MS = 60_000;

export const eventRoutes: FastifyPluginAsyncTypebox<EventParts> = async (app, parts) => {
  const { store, feed } = parts;
  const frames = new EventFrames(parts);
  const route = {
    schema: { querystring: EventQuery, response: { 200: Type.Array(VmEvent) } },
    config: { access: "vm:read" },
    exposeHeadRoute: false, // of a stream, it would never end
  } as const;
  app.get("/events", route, async (request, reply) => {
    const { limit, after } = request.query;
    if (!wantsStream(request.headers.accept)) {
      if (after === undefined) return store.events(limitOf(limit)).map(eventOf);
      throw invalidRequest("after", "only a stream goes on: ask with Accept: text/event-stream");
    }
    const seen = lastSeen(request.headers["last-event-id"], after) ?? feed.newest();
    const pieces = frames.of(feed.follow(seen, clientLeft(request, reply)), seen);
    reply.header("content-type", "text/event-stream").header("cache-control", "no-store");
    return sendPieces(
      reply,
      untilStuck(pieces, STUCK_MS, () => reply.raw.destroy()),
    );
  });
};

/** @returns how many events are wanted */
export function limitOf(limit: string | undefined): number {
  return Math.min(MAX_EVENTS, Number(limit ?? DEFAULT_EVENTS));
}

function wantsStream(accept: string | undefined): boolean {
  return accept?.toLowerCase().includes("text/event-stream") ?? false;
}

/** A browser that connects again by itself sends the header, beside the query it began with. */
function lastSeen(
  header: string | string[] | undefined,
  after: string | undefined,
): number | undefined {
  const text = header === undefined || header === "" ? after : String(header).trim();
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidRequest("Last-Event-ID", `"${text}" is no event's number`);
}

/** Whoever does not take what is sent is cut off: it can come back, and go on where it was. */
export async function* untilStuck(
  pieces: AsyncIterable<string>,
  stuckMs: number,
  cutOff: () => void,
): AsyncGenerator<string> {
  for await (const piece of pieces) {
    const timer = setTimeout(cutOff, stuckMs);
    try {
      yield piece;
    } finally {
      clearTimeout(timer);
    }
  }
}
