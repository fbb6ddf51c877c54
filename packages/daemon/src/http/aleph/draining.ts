/** The node's last moments: programs are not called any more, what is about the node itself is still answered. */

import type { FastifyInstance, FastifyRequest } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";
import { Announcer } from "#lib/announcer.ts";
import { settlesWithin } from "#lib/patience.ts";

const ABOUT_THE_NODE = /^\/(?:about|control|status|static|debug)\//;

export class Draining {
  #begun = false;
  #calls = 0;
  readonly #idle = new Announcer<void>();

  get begun(): boolean {
    return this.#begun;
  }

  begin(): void {
    this.#begun = true;
  }

  /** A call of a program begins; it has ended when this is disposed. */
  call(): Disposable {
    this.#calls += 1;
    return {
      [Symbol.dispose]: () => {
        this.#calls -= 1;
        if (this.#calls === 0) this.#idle.announce(undefined);
      },
    };
  }

  /** Waits for the calls that are under way. @param ms at most so long */
  async settled(ms: number): Promise<void> {
    if (this.#calls === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _listening = this.#idle.listen(() => resolve());
    await settlesWithin(promise, ms);
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
