/** The node's own store, for its administrators: messages, files and aggregates in and out. */

import { Readable } from "node:stream";

import type { FastifyPluginAsync, FastifyReply } from "fastify";

import type { HeldFile } from "#core/aleph/ports/message-archive.ts";

import { clientLeft } from "../client-left.ts";
import { sendJson } from "./answers.ts";
import { callerOf, hashOf } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { bodyPieces, jsonBody } from "./request-body.ts";
import { SCHEDULER } from "./route-rule.ts";

interface ByHash {
  Params: { readonly hash: string };
}

interface ByPlace {
  Params: { readonly address: string; readonly key: string };
}

export const local: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { imports } = parts;
  app.addHook("preHandler", async (request, reply) => {
    await callerOf(request, reply, parts, "scheduler");
  });

  app.put<ByHash>("/local/v0/messages/:hash", { config: SCHEDULER }, async (request, reply) => {
    const hash = hashOf(request.params.hash);
    const value = await jsonBody(request, reply);
    const put = { hash, value, trust: "administrator" } as const;
    const status = await imports.putMessage(put, clientLeft(request, reply));
    return sendJson(reply, { status, item_hash: hash }, status === "created" ? 201 : 200);
  });

  app.get<ByHash>("/local/v0/messages/:hash", { config: SCHEDULER }, async (request, reply) => {
    const { raw } = await imports.message(hashOf(request.params.hash), clientLeft(request, reply));
    return sendJson(reply, raw);
  });

  app.put<ByHash>("/local/v0/files/:hash", { config: SCHEDULER }, async (request, reply) => {
    const hash = hashOf(request.params.hash);
    const left = clientLeft(request, reply);
    const { sizeBytes, sha256 } = await imports.putFile(hash, bodyPieces(request), left);
    return sendJson(reply, { status: "created", item_hash: hash, size: sizeBytes, sha256 }, 201);
  });

  app.get<ByHash>("/local/v0/files/:hash", { config: SCHEDULER }, async (request, reply) => {
    const left = clientLeft(request, reply);
    return sendFile(reply, await imports.file(hashOf(request.params.hash), left), left);
  });

  app.put<ByPlace>(
    "/local/v0/aggregates/:address/:key",
    { config: SCHEDULER },
    async (request, reply) => {
      const value = await jsonBody(request, reply);
      await imports.putAggregate(request.params, value, clientLeft(request, reply));
      return sendJson(reply, { status: "created", ...request.params }, 201);
    },
  );

  app.get<ByPlace>(
    "/local/v0/aggregates/:address/:key",
    { config: SCHEDULER },
    async (request, reply) =>
      sendJson(reply, await imports.aggregate(request.params, clientLeft(request, reply))),
  );
};

export function sendFile(reply: FastifyReply, file: HeldFile, signal: AbortSignal): FastifyReply {
  void reply.type("application/octet-stream").header("content-length", file.sizeBytes);
  return reply.send(Readable.from(file.read(signal), { objectMode: false }));
}
