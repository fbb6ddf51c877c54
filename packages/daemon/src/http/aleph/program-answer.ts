/** The answer of a program or an instance, handed on to whoever has called. */

import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";

import type { FastifyReply } from "fastify";

import type { ProgramCall } from "#core/aleph/programs/program-call.ts";

import { Undecodable } from "./program-request.ts";

/** What belongs to one connection, and what the node says of itself. */
const NOT_PASSED = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "server",
  // A worker would serve other paths of the node's own name, too: other guests', and the operator's.
  "service-worker-allowed",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** what the network's nodes leave out of programs' answers besides */
const NOT_OF_PROGRAMS = new Set(["content-encoding", "vary"]);

type Headers = readonly (readonly [name: string, values: readonly string[]])[];

/** Names in lower case, but for those that say what has answered. */
export function answerHeaders(answer: IncomingMessage, { vmHash, program }: ProgramCall): Headers {
  const headers: (readonly [string, readonly string[]])[] = [];
  for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
    const isLeftOut = NOT_PASSED.has(name) || (program && NOT_OF_PROGRAMS.has(name));
    if (!isLeftOut) headers.push([name, values]);
  }
  headers.push(["Aleph-Program-ItemHash", [vmHash]]);
  if (program) headers.push(["Aleph-Program-Code-Ref", [program.codeRef]]);
  return headers;
}

/**
 * Resolves when all of it is sent. What fails before the head is sent rejects, and can be answered otherwise; what
 * fails later ends the connection: the client sees an answer that was cut off.
 */
export async function passOn(
  answer: IncomingMessage,
  headers: Headers,
  reply: FastifyReply,
  signal: AbortSignal,
): Promise<void> {
  const { raw } = reply;
  const server = reply.getHeader("server");
  try {
    if (server !== undefined) raw.setHeader("server", String(server));
    for (const [name, values] of headers)
      raw.setHeader(name, values.length === 1 ? String(values[0]) : values);
    raw.writeHead(answer.statusCode ?? 502);
  } catch (error) {
    answer.destroy();
    for (const name of raw.getHeaderNames()) raw.removeHeader(name);
    throw new Undecodable("its head cannot be sent", { cause: error });
  }
  reply.hijack();
  raw.flushHeaders();
  await pipeline(answer, raw, { signal }).catch(() => raw.destroy());
}
