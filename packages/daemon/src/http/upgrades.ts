/** Which routes are WebSockets, and that no other becomes one. */

import type { FastifyInstance } from "fastify";

import { invalidRequest } from "#core/errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** whether the route is a WebSocket; found out when it is registered */
    isWebSocket?: boolean;
  }
}

/**
 * A request for an upgrade is refused where there is no WebSocket: the plugin would
 * accept it, and close it without a word. Call it before the first route.
 */
export function refuseOtherUpgrades(app: FastifyInstance): void {
  app.addHook("onRoute", (route) => {
    route.config = { ...route.config, isWebSocket: route.wsHandler !== undefined };
  });
  app.addHook("onRequest", async ({ ws, is404, routeOptions }) => {
    if (!ws || is404 || routeOptions.config.isWebSocket) return;
    throw invalidRequest("Upgrade", "there is no WebSocket here: leave the header out");
  });
}
