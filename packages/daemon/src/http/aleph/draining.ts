/** The node's last moments: programs are not called any more, what is about the node itself is still answered. */

import type { FastifyInstance, FastifyRequest } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";

const ABOUT_THE_NODE = /^\/(?:about|control|status|static|debug)\//;

export class Draining {
  #begun = false;

  get begun(): boolean {
    return this.#begun;
  }

  begin(): void {
    this.#begun = true;
  }
}

/** Call it before the first route. @param domainName the node's own */
export function refuseWhileDraining(
  app: FastifyInstance,
  draining: Draining,
  domainName: string,
): void {
  app.addHook("onRequest", async (request) => {
    if (draining.begun && isForAProgram(request, domainName))
      throw new Refusal("unavailable", "Server is draining, try another node");
  });
}

function isForAProgram({ url, headers }: FastifyRequest, domainName: string): boolean {
  if (url.startsWith("/vm/")) return true;
  const host = (headers.host ?? "").replace(/:\d+$/, "");
  return host !== domainName && !ABOUT_THE_NODE.test(url);
}
