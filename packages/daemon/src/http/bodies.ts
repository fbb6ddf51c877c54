/** How request bodies are read: as JSON whatever the client calls them, or not at all. */

import type { IncomingMessage } from "node:http";

import type { FastifyInstance } from "fastify";

import { invalidRequest } from "#core/errors.ts";
import { settlesWithin } from "#lib/patience.ts";

/** Every body is JSON, with or without a Content-Type; an empty one is `{}`. */
export function jsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // A request without a body never meets the parser.
  app.addHook("preValidation", async (request) => {
    request.body ??= {};
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, parseJson(body.toString()));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** how long the rest of an upload is read when it has been refused, in `ms` */
const DRAIN_MS = 2_000;

/** Every body is a stream that the handler reads with `piecesOf(request.raw)`. */
export function streamedBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // A client that is still sending when the connection is closed sees a broken pipe, not the refusal.
  app.addHook("onSend", async (request, reply) => {
    if (reply.statusCode >= 400) await settlesWithin(drained(request.raw), DRAIN_MS);
  });
  app.addContentTypeParser("*", (_request, payload: IncomingMessage, done) => done(null, payload));
}

/** A body piece by piece. Leaving off early does not break the connection: an answer is still to come. */
export function piecesOf(body: IncomingMessage): AsyncIterable<Buffer> {
  return body.iterator({ destroyOnReturn: false });
}

async function drained(body: IncomingMessage): Promise<void> {
  if (body.readableEnded || body.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ["end", "close", "error"]) body.once(event, () => resolve());
  // Not resume(): an iterator that was left with a question open would hold the stream still.
  const discard = () => {
    while (body.read() !== null);
  };
  body.on("readable", discard);
  discard();
  await promise;
}

function parseJson(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    // What the parser says quotes the body, and a body may hold a secret.
    const where = /at position \d+.*$/.exec(cause instanceof Error ? cause.message : "")?.[0];
    throw invalidRequest("", `The body is not valid JSON${where ? `: ${where}` : ""}`);
  }
}
