/** Answers that come piece by piece. */

import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";

import type { FastifyReply } from "fastify";

import { giveBack } from "#lib/give-back.ts";
import { unlessAborted } from "#lib/patience.ts";

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

/**
 * Sends bytes that are ours alone: the memory of each piece is given back once it has been sent. What fails
 * before the first piece rejects, and can still be answered; what fails later ends the connection.
 * @param left aborts when the client has left
 */
export async function sendOwned(
  reply: FastifyReply,
  pieces: AsyncIterable<Uint8Array>,
  left: AbortSignal,
): Promise<void> {
  const source = pieces[Symbol.asyncIterator]();
  let next = await source.next();
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(reply.statusCode);
  try {
    for (; next.done !== true; next = await source.next()) {
      await unlessAborted(written(raw, next.value), left);
      giveBack(next.value);
    }
    raw.end();
  } catch {
    raw.destroy(); // the client sees an answer that was cut off
    await source.return?.();
  }
}

function written(raw: ServerResponse, piece: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  raw.write(piece, (error) => (error ? reject(error) : resolve()));
  return promise;
}
