/** A VM's logs as they come: over a WebSocket, where the client proves itself in its first message, or over plain HTTP. */

import type { WebSocket } from "@fastify/websocket";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { sendPieces } from "../streamed.ts";
import { admitted, type ByRef, executionOf, hashOf, ownerOf, showsCredentials } from "./guard.ts";
import { upgradeProblem } from "./log-upgrade.ts";
import { firstMessage, sendWords } from "./log-socket.ts";
import type { AlephParts } from "./parts.ts";
import { pythonJson } from "./python-json.ts";
import { watchedLogs } from "./watched-logs.ts";
import { Watchers } from "./watchers.ts";
import { watchClient } from "../web-socket.ts";

const NORMAL_CLOSURE = 1000;

export const streamLogs: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const watchers = new Watchers();

  app.route<ByRef>({
    method: "GET",
    url: "/control/machine/:ref/stream_logs",
    config: { rule: { who: "watcher", cors: true } },
    // Before the upgrade, so that what is unknown is answered in plain HTTP.
    preHandler: async ({ params }) => {
      executionOf(parts, hashOf(params.ref), (ref) => `No execution found for VM ${ref}`);
    },
    handler: async (request, reply) => plainStream(request, reply, parts, watchers),
    wsHandler: (socket, { params }) => {
      void session(socket, hashOf(params.ref), parts, watchers);
    },
  });
};

/** For whoever shows credentials; without any the reference's words, which say what is missing. */
async function plainStream(
  request: FastifyRequest<ByRef>,
  reply: FastifyReply,
  parts: AlephParts,
  watchers: Watchers,
): Promise<FastifyReply> {
  if (!showsCredentials(request))
    throw new Refusal("bad request", upgradeProblem(request.headers) ?? "This is no WebSocket");
  const { hash, left } = await admitted(request, reply, parts);
  const asEvents = request.headers.accept?.includes("text/event-stream") === true;
  void reply.type(asEvents ? "text/event-stream; charset=utf-8" : "application/x-ndjson");
  // Nothing would end a stream whose pieces nobody takes.
  if (request.method === "HEAD") return reply.send("");
  async function* pieces(): AsyncGenerator<string, undefined> {
    using watch = watchers.admit(hash);
    const signal = AbortSignal.any([left, watch.signal]);
    for await (const line of watchedLogs(parts, hash, signal)) {
      yield asEvents ? `data: ${pythonJson(line)}\n\n` : `${pythonJson(line)}\n`;
    }
    return undefined;
  }
  return sendPieces(reply, pieces());
}

/** Lives until the VM or the client ends; never rejects. */
async function session(
  socket: WebSocket,
  hash: ItemHash,
  parts: AlephParts,
  watchers: Watchers,
): Promise<void> {
  using _alive = watchClient(socket);
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  try {
    const reason = await refusalOf(socket, hash, parts, { watchers, gone: gone.signal });
    if (reason === undefined) await follow(socket, hash, parts, { watchers, gone: gone.signal });
    else await sendWords(socket, { status: "failed", reason });
    socket.close(NORMAL_CLOSURE);
  } catch (error) {
    if (!gone.signal.aborted) parts.log.info("aleph.watcher.ended", { vmHash: hash, error });
    socket.close(NORMAL_CLOSURE);
  }
}

interface Ending {
  readonly watchers: Watchers;
  /** aborts when the client has left */
  readonly gone: AbortSignal;
}

/** @returns why this one may not watch; `undefined`: it may */
async function refusalOf(
  socket: WebSocket,
  hash: ItemHash,
  parts: AlephParts,
  { watchers, gone }: Ending,
): Promise<string | undefined> {
  using place = watchers.admitStranger();
  const signal = AbortSignal.any([gone, place.signal]);
  const watching = await parts.door.watcher(await firstMessage(socket, signal));
  if ("refused" in watching) return watching.refused;
  try {
    await parts.ownership.demand(watching.caller, ownerOf(executionOf(parts, hash)), signal);
    return undefined;
  } catch (error) {
    if (Refusal.is(error, "not the owner")) return "unauthorized sender";
    throw error;
  }
}

async function follow(
  socket: WebSocket,
  hash: ItemHash,
  parts: AlephParts,
  { watchers, gone }: Ending,
): Promise<void> {
  using place = watchers.admit(hash);
  const signal = AbortSignal.any([gone, place.signal]);
  await sendWords(socket, { status: "connected" });
  for await (const line of watchedLogs(parts, hash, signal)) await sendWords(socket, line);
}
