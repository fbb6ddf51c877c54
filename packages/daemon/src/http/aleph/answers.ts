/** Answers in the orchestrator's formats. */

import type { FastifyReply } from "fastify";

import { compactJson, pythonJson } from "./python-json.ts";

export const JSON_TYPE = "application/json; charset=utf-8";

export function sendJson(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply.code(status).type(JSON_TYPE).send(pythonJson(value));
}

/** without spaces: reports of the host, and lists of what is wrong */
export function sendCompact(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply.code(status).type(JSON_TYPE).send(compactJson(value));
}

export function sendText(reply: FastifyReply, text: string, status = 200): FastifyReply {
  return reply.code(status).type("text/plain; charset=utf-8").send(text);
}
