/** Answers 405 with `Allow` for paths that exist under another method, and 404 for all others. */

import type { FastifyInstance, FastifyRequest, HTTPMethods } from "fastify";

import { AlcoveError } from "#core/errors.ts";

const METHODS: readonly HTTPMethods[] = [
  "GET",
  "HEAD",
  "OPTIONS",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
];

/** What was served where; filled while a surface registers its routes. */
export type RouteTable = Map<string, Set<string>>;

/** Watches the routes that are registered in `app` from now on. */
export function watchRoutes(app: FastifyInstance): RouteTable {
  const table: RouteTable = new Map();
  // `routePath` is the path below this surface's prefix: what `route` takes.
  app.addHook("onRoute", ({ routePath, method }) => {
    const methods = table.get(routePath) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    table.set(routePath, methods);
  });
  return table;
}

/** Registers a refusal for every other method of each path. Call it after the last route. */
export function refuseOtherMethods(app: FastifyInstance, table: RouteTable): void {
  // A copy: what is registered here is watched, too.
  for (const [url, methods] of Array.from(table)) {
    const allow = [...methods].toSorted().join(", ");
    app.route({
      method: METHODS.filter((method) => !methods.has(method)),
      url,
      exposeHeadRoute: false,
      config: { access: "open" },
      handler: async (request, reply) => {
        if (hasEmptyName(request.params)) throw unknownRoute(request);
        const { method } = request;
        void reply.header("allow", allow);
        const message = `${method} is not possible here; allowed: ${allow}`;
        throw new AlcoveError("method_not_allowed", message, { method, allow });
      },
    });
  }
}

export function refuseUnknownRoutes(app: FastifyInstance): void {
  app.setNotFoundHandler((request) => {
    throw unknownRoute(request);
  });
}

function unknownRoute(request: FastifyRequest): AlcoveError {
  const path = request.url.split("?", 1)[0] ?? "/";
  return new AlcoveError("route_not_found", `There is no ${path} in this API`, { path });
}

/** The router takes the nothing after a trailing slash for a name. */
function hasEmptyName(params: unknown): boolean {
  return typeof params === "object" && params !== null && Object.values(params).includes("");
}
