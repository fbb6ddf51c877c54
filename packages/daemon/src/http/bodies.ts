/** How request bodies are read: as JSON whatever the client calls them, as they are, or not at all. */

import type { IncomingMessage } from "node:http";

import type { FastifyInstance, FastifyRequest } from "fastify";

import { invalidRequest } from "#core/errors.ts";
import { giveBack } from "#lib/give-back.ts";
import { settlesWithin } from "#lib/patience.ts";

// To import it would give a name to all that is in there, and load Node's own HTTP client for that: 13 MiB.
const http = process.getBuiltinModule("node:http");

/** Bodies that nobody asked for are read and forgotten, whatever they are. */
export function ignoredBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addHook("onRequest", async (request) => forgetNonsense(request));
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, _body, done) => done(null));
}

/**
 * Every body is JSON, with or without a Content-Type; an empty one is `{}`. A route whose schema
 * describes no body does not look at it.
 */
export function jsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // A request without a body never meets the parser.
  app.addHook("preValidation", async (request) => {
    request.body ??= {};
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (request, body, done) => {
    const isAskedFor = request.routeOptions.schema?.body !== undefined;
    try {
      done(null, isAskedFor ? parseJson(body.toString()) : {});
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[ \t]*(?:;|$)/;

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

/**
 * A body piece by piece; a piece is gone when the next one is asked for. Leaving off early does not break the
 * connection: an answer is still to come.
 */
export async function* piecesOf(body: IncomingMessage): AsyncGenerator<Buffer, undefined> {
  // What the HTTP parser has copied out for us is ours; a test that injects a request keeps its body.
  const isOurs = body instanceof http.IncomingMessage;
  for await (const piece of body.iterator({ destroyOnReturn: false })) {
    yield piece;
    if (isOurs) giveBack(piece);
  }
  return undefined;
}

/** What is no media type at all says nothing of a body, and would be refused before anybody looks at it. */
export function forgetNonsense({ headers }: FastifyRequest): void {
  const type = headers["content-type"];
  if (type !== undefined && !MEDIA_TYPE.test(type)) delete headers["content-type"];
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
