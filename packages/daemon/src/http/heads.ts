/** Answers to HEAD: what would be sent is not even begun. Fastify would read it to its end, for nobody. */

import { Readable } from "node:stream";

import type { FastifyInstance } from "fastify";

/** Call it before the first route. Sources of streams have to be such that open nothing before they are read. */
export function unreadHeads(app: FastifyInstance): void {
  app.addHook("onSend", async ({ method }, _reply, payload) => {
    if (method !== "HEAD" || !(payload instanceof Readable)) return payload;
    payload.destroy();
    return Readable.from([]);
  });
}
