/** What is answered where nothing is served. There is no 405: a path under another method is unknown, too. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { sendJson } from "./answers.ts";

const OWN_PATHS = /^\/(?:about|control|status)\//;

export function answerUnknown(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => sendUnknown(request, reply));
  // No name in a path is empty, whatever the router thinks.
  app.addHook("onRequest", async (request, reply) => {
    if (Object.values(Object(request.params)).includes("")) return sendUnknown(request, reply);
    return undefined;
  });
}

/** Other paths could be a program's, and a program's host name is its reference. */
export function sendUnknown(
  { method, url }: Pick<FastifyRequest, "method" | "url">,
  reply: FastifyReply,
): FastifyReply {
  const isOurs = (method === "GET" || method === "HEAD") && OWN_PATHS.test(url);
  const error = isOurs ? "404: Not Found" : "404: Invalid message reference";
  return sendJson(reply, { error }, 404);
}
