/**
 * What is answered where the node itself serves nothing: a program's answer, where the path or the host name says which
 * one. There is no 405: a path under another method is unknown, too.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { sendJson } from "./answers.ts";
import { indexPage } from "./index-page.ts";
import type { AlephParts } from "./parts.ts";
import { callProgram } from "./programs.ts";
import { calledBy, hostOf } from "./program-path.ts";

const OWN_PATHS = /^\/(?:about|control|status)\//;

export function answerUnknown(app: FastifyInstance, parts: AlephParts): void {
  app.setNotFoundHandler(async (request, reply) => {
    if (isOurs(request)) return sendUnknown(request, reply);
    if (isForIndex(request, parts.settings.domainName)) {
      return reply.type("text/html; charset=utf-8").send(indexPage(parts));
    }
    const called = calledBy(request);
    return called ? callProgram(request, reply, parts, called) : sendUnknown(request, reply);
  });
  // No name in a path is empty, whatever the router thinks.
  app.addHook("onRequest", async (request, reply) => {
    const isEmpty = !request.is404 && Object.values(Object(request.params)).includes("");
    return isEmpty ? sendUnknown(request, reply) : undefined;
  });
}

/** Other paths could be a program's, and a program's host name is its reference. */
export function sendUnknown(
  request: Pick<FastifyRequest, "method" | "url">,
  reply: FastifyReply,
): FastifyReply {
  const error = isOurs(request) ? "404: Not Found" : "404: Invalid message reference";
  return sendJson(reply, { error }, 404);
}

function isOurs({ method, url }: Pick<FastifyRequest, "method" | "url">): boolean {
  return (method === "GET" || method === "HEAD") && OWN_PATHS.test(url);
}

function isForIndex(request: FastifyRequest, domainName: string): boolean {
  const isRoot = request.url === "/" || request.url.startsWith("/?");
  const isRead = request.method === "GET" || request.method === "HEAD";
  return isRoot && isRead && hostOf(request) === domainName.toLowerCase();
}
