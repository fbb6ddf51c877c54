/** Answers that come piece by piece. */

import { Readable } from "node:stream";

import type { FastifyReply } from "fastify";

/**
 * Sends the pieces as they come. The headers go out at once: a client that follows something quiet
 * must know that it is being answered.
 */
export function sendPieces(
  reply: FastifyReply,
  pieces: AsyncIterable<string | Uint8Array>,
): FastifyReply {
  async function* afterHeaders(): AsyncGenerator<string | Uint8Array> {
    reply.raw.flushHeaders(); // by now they have been set: somebody reads
    yield* pieces;
  }
  return reply.send(Readable.from(afterHeaders(), { objectMode: false }));
}
