/** Bearer tokens: who may call what. Access is data on each route. */

import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

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
    app.addHook("onRequest", async ({ headers, socket }) => {
      refuseForeignPages(headers.origin, headers.host);
      if (isLoopback(socket.localAddress)) refuseForeignNames(headers.host);
    });
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

/**
 * A page can give its own name the address of this machine after it was loaded, and is of our origin then.
 * What is served on loopback has no name with a dot in it, so a request by such a name is not meant for us.
 */
function refuseForeignNames(host: string | undefined): void {
  const name = URL.parse(`http://${host ?? ""}`)?.hostname ?? "";
  if (!name.includes(".") || isIP(name) !== 0 || name.endsWith(".localhost")) return;
  const message = `This daemon runs without a token and is not called ${name}: use localhost or an address, or turn auth on`;
  throw new AlcoveError("foreign_origin", message, { origin: name });
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);
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
