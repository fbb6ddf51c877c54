/** How request bodies are read: as JSON whatever the client calls them, or not at all. */

import type { IncomingMessage } from "node:http";

import type { FastifyInstance } from "fastify";

import { invalidRequest } from "#core/errors.ts";

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

/** Every body is a stream that the handler reads: `request.raw`. */
export function streamedBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload: IncomingMessage, done) => done(null, payload));
}

function parseJson(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw Object.assign(invalidRequest("", `The body is not valid JSON: ${why}`), { cause });
  }
}
