/** What changes in a guest's file system, as Server-Sent Events. Contract B9. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import { startWatch, type WatchOrder, type WatchSign } from "#core/exec/watch.ts";
import { CHANGE_TYPES, type ChangeType, type GuestChange } from "#core/ports/guest-watch.ts";
import { parseGoDuration } from "#lib/go-duration.ts";

import { clientLeft } from "../client-left.ts";
import { sendPieces } from "../streamed.ts";
import type { SlicerParts } from "./parts.ts";
import { flag, listOf, Many, One, userOf } from "./query.ts";

const Query = Type.Object({
  paths: Many,
  patterns: Many,
  events: Many,
  recursive: One,
  one_shot: One,
  debounce: One,
  timeout: One,
  max_events: One,
  uid: One,
});
type Query = Static<typeof Query>;

const DEFAULT_DEBOUNCE_MS = 200;
const MAX_DEBOUNCE_MS = 60_000;
/** a day */
const MAX_TIMEOUT_MS = 86_400_000;
const LAST_UINT64 = 2n ** 64n - 1n;

export const watch: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  const route = {
    schema: { params: Type.Object({ hostname: Type.String() }), querystring: Query },
    config: { access: "vm:use" },
    exposeHeadRoute: false,
  } as const;
  app.get("/vm/:hostname/fs/watch", route, async (request, reply) => {
    checkLastEvent(request.headers["last-event-id"]);
    const order = orderOf(request.query);
    const vm = vms.get(request.params.hostname);
    const signs = await startWatch(vm, order, clientLeft(request, reply));
    reply.header("content-type", "text/event-stream").header("cache-control", "no-store");
    return sendPieces(reply, eventsOf(signs));
  });
};

/** A comment when all is watched, an event for each change, and a comment now and then. */
async function* eventsOf(signs: AsyncIterable<WatchSign>): AsyncGenerator<string> {
  const comment = ":\n\n";
  let id = 0;
  yield comment;
  for await (const sign of signs) {
    if (sign === "quiet") {
      yield comment;
      continue;
    }
    id += 1;
    yield `id: ${id}\nevent: watch\ndata: ${JSON.stringify(eventOf(id, sign))}\n\n`;
  }
}

function eventOf(id: number, change: GuestChange): object {
  const { type, path, atNs, sizeBytes: size, isDirectory: isDir, message } = change;
  const timestamp = rfc3339(atNs);
  return { id, type, path, timestamp, size, isDir, ...(message === undefined ? {} : { message }) };
}

/** With nanoseconds, which no `Date` has. */
function rfc3339(ns: bigint): string {
  const billion = 1_000_000_000n;
  const fraction = ((ns % billion) + billion) % billion;
  const seconds = new Date(Number((ns - fraction) / 1_000_000n)).toISOString().slice(0, -5);
  return `${seconds}.${fraction.toString().padStart(9, "0")}Z`;
}

function orderOf(query: Query): WatchOrder {
  const paths = wordsOf(query.paths);
  if (paths.length === 0) throw invalidRequest("paths", "at least one is required");
  const maxEvents = countOf("max_events", query.max_events);
  return {
    watch: {
      paths,
      user: userOf(query, "default"),
      patterns: wordsOf(query.patterns),
      types: typesOf(wordsOf(query.events)),
      recursive: flag("recursive", query.recursive),
      debounceMs: durationOf("debounce", query.debounce, MAX_DEBOUNCE_MS) ?? DEFAULT_DEBOUNCE_MS,
    },
    maxChanges: flag("one_shot", query.one_shot) ? 1 : maxEvents,
    timeoutMs: durationOf("timeout", query.timeout, MAX_TIMEOUT_MS) || undefined,
  };
}

function wordsOf(value: string | string[] | undefined): string[] {
  const words = listOf(value).filter((word) => word.trim() !== "");
  if (words.some((word) => word.includes("\0"))) {
    throw invalidRequest("paths", "must not contain a zero byte");
  }
  return words;
}

function typesOf(words: readonly string[]): readonly ChangeType[] {
  const types = words.flatMap((word) => {
    if (word === "all") return CHANGE_TYPES;
    const known = CHANGE_TYPES.find((type) => type === word);
    if (known) return [known];
    const choice = [...CHANGE_TYPES, "all"].join(", ");
    throw invalidRequest("events", `"${word}" is none of ${choice}`);
  });
  return [...new Set(types)];
}

function durationOf(name: string, text: string | undefined, maxMs: number): number | undefined {
  if (text === undefined || text === "") return undefined;
  const ms = parseGoDuration(text);
  if (ms !== undefined && ms <= maxMs) return Math.ceil(ms);
  throw invalidRequest(name, `"${text}" is no duration up to ${maxMs / 1_000}s, such as 200ms`);
}

/** @returns `undefined` for none: 0 and absent */
function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalidRequest(name, `"${text}" is no whole number`);
  return Number(text) || undefined;
}

/** Nothing is told again, whatever was seen last; but what is no number was not sent by an event of ours. */
function checkLastEvent(id: string | string[] | undefined): void {
  if (id === undefined || id === "") return;
  const text = Array.isArray(id) ? id.join(", ") : id.trim();
  if (/^\d{1,20}$/.test(text) && BigInt(text) <= LAST_UINT64) return;
  throw invalidRequest("Last-Event-ID", `"${text}" is no event's number`);
}
