/** A request's signal: it aborts when the client has left before the answer was complete. */

import type { FastifyReply, FastifyRequest } from "fastify";

/** the client went before there was an answer: HTTP has no status for it, and proxies use this one */
export const CLIENT_LEFT = 499;

export class ClientLeft extends Error {
  override readonly name = "ClientLeft";
  constructor() {
    super("The client closed the connection");
  }
}

const SIGNALS = new WeakMap<FastifyRequest, AbortSignal>();

export function clientLeft(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const known = SIGNALS.get(request);
  if (known) return known;
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort(new ClientLeft());
  });
  SIGNALS.set(request, controller.signal);
  return controller.signal;
}

/**
 * Ends work as soon as the client has left. An answer that is being streamed cannot see to it by
 * itself: it waits for the next piece, and a silent command has none.
 */
export function whenLeft(left: AbortSignal, end: () => void): void {
  if (left.aborted) end();
  else left.addEventListener("abort", end, { once: true });
}
