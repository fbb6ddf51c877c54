/** What every route of an Aleph node says of itself: who may call it, and whether pages of other origins may. */

import type { FastifyInstance } from "fastify";

/**
 * `anyone`: public. `open`: the door's, by the node's settings also nobody. `owner`: the VM's owner, delegates and
 * administrators. `reserver`: any wallet. `scheduler`: administrators. `operator`: who has the login secret.
 * `link`: who holds a signed link. `watcher`: proves it over the WebSocket.
 */
export type Who =
  | "anyone"
  | "open"
  | "owner"
  | "reserver"
  | "scheduler"
  | "operator"
  | "link"
  | "watcher";

export interface RouteRule {
  readonly who: Who;
  readonly cors: boolean;
  /** lists of what is wrong are encoded twice by the reference */
  readonly doubled?: boolean;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** of a route of an Aleph node */
    rule?: RouteRule;
  }
}

/** public, and for pages */
export const PUBLIC = { rule: { who: "anyone", cors: true } } as const;
export const OWNER = { rule: { who: "owner", cors: true } } as const;
export const SCHEDULER = { rule: { who: "scheduler", cors: false } } as const;

/** Refuses to register a route that does not say who may call it. */
export function demandRules(app: FastifyInstance): void {
  app.addHook("onRoute", ({ config, method, url }) => {
    if (config?.rule) return;
    throw new Error(`invariant: route ${String(method)} ${url} does not say who may call it`);
  });
}
