/** Bearer tokens: who may call what. Access is data on each route. */

import { createHash, timingSafeEqual } from "node:crypto";

import type { FastifyInstance } from "fastify";

import { AlcoveError } from "#core/errors.ts";

/** `open` needs no token; the others need the daemon's one token today and tell scopes apart later. */
export type Access = "open" | "host:read" | "host:operate" | "vm:read" | "vm:operate" | "vm:use";

/** @returns whether this is the daemon's token */
export type TokenCheck = (token: string) => boolean;

/** Compares in constant time, after trimming as clients do with token files. */
export function tokenCheck(expected: string): TokenCheck {
  const wanted = digest(expected.trim());
  return (token) => timingSafeEqual(digest(token.trim()), wanted);
}

/** @param check absent: whatever Authorization arrives is ignored */
export function authenticate(app: FastifyInstance, check: TokenCheck | undefined): void {
  app.addHook("onRoute", (route) => {
    if (route.config?.access) return;
    throw new Error(
      `invariant: route ${String(route.method)} ${route.url} does not say who may call it`,
    );
  });
  if (!check) {
    app.addHook("onRequest", async ({ headers }) =>
      refuseForeignPages(headers.origin, headers.host),
    );
    return;
  }
  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.access === "open") return;
    const header = request.headers.authorization;
    if (header === undefined)
      throw unauthenticated("The request carries no Authorization: Bearer token");
    const token = /^Bearer[ ]+(.*)$/i.exec(header)?.[1];
    if (token === undefined || !check(token))
      throw unauthenticated("The token is not this daemon's");
  });
}

/**
 * Without a token, any page in a browser on this machine could send commands here: browsers say
 * where a page comes from, and others than our own are refused. Clients that are no browsers say nothing.
 */
function refuseForeignPages(origin: string | undefined, host: string | undefined): void {
  if (origin === undefined || URL.parse(origin)?.host === host) return;
  const message = "Pages of other origins may not use this daemon while it runs without a token";
  throw new AlcoveError("foreign_origin", message, { origin });
}

function unauthenticated(reason: string): AlcoveError {
  return new AlcoveError(
    "unauthenticated",
    `${reason}; it is in the state directory's auth/token`,
    {
      reason,
    },
  );
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
