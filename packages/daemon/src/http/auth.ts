/** Who may call what: bearer tokens, and sessions of browsers. Access is data on each route. */

import { createHash, timingSafeEqual } from "node:crypto";

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { AlcoveError } from "#core/errors.ts";
import type { StoredSession } from "#core/ports/session-store.ts";
import type { Guesses } from "#core/session/guesses.ts";
import type { Place, Sessions } from "#core/session/sessions.ts";

import { clientLeft } from "./client-left.ts";
import {
  isLoopback,
  isVisit,
  refuseForeignNames,
  refuseForeignPages,
  refuseOtherPages,
  refuseOtherSites,
} from "./origins.ts";
import { sessionIdsIn } from "./session-cookie.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** what a listener asks of its clients; empty where it asks nothing */
    readonly door: { readonly lock: Lock | undefined };
  }
}

/** `open` needs no token; the others need the daemon's one token today and tell scopes apart later. */
export type Access = "open" | "host:read" | "host:operate" | "vm:read" | "vm:operate" | "vm:use";

/** @returns whether this is the daemon's token */
export type TokenCheck = (token: string) => boolean;

/** What a listener that asks for a token checks it with, and what it gives browsers in its place. */
export interface Lock {
  readonly isToken: TokenCheck;
  readonly sessions: Sessions;
  readonly guesses: Guesses;
}

/** Compares in constant time, after trimming as clients do with token files. */
export function tokenCheck(expected: string): TokenCheck {
  const wanted = digest(expected.trim());
  return (token) => timingSafeEqual(digest(token.trim()), wanted);
}

/** @param lock absent: whatever Authorization arrives is ignored */
export function authenticate(app: FastifyInstance, lock: Lock | undefined): void {
  app.decorate("door", { lock });
  app.addHook("onRoute", (route) => {
    if (route.config?.access) return;
    throw new Error(
      `invariant: route ${String(route.method)} ${route.url} does not say who may call it`,
    );
  });
  app.addHook("onRequest", async (request, reply) => {
    if (!lock) return beGuarded(request, reply);
    if (!isOpen(request)) await beKnown(lock, request, reply);
  });
}

/** Without a token, any page in a browser on this machine could send commands here. */
function beGuarded(request: FastifyRequest, reply: FastifyReply): void {
  refuseForeignPages(request);
  if (!(isOpen(request) && isVisit(request))) refuseOtherSites(request);
  if (isLoopback(request.socket.localAddress)) refuseForeignNames(request.headers.host);
  if (!isOpen(request)) keepToItself(reply);
}

/** A token decides alone where there is one; only without one a cookie is looked at. */
async function beKnown(lock: Lock, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.headers.authorization !== undefined) return await beToken(lock, request, reply);
  if (sessionIdsIn(request.headers).length === 0)
    throw unauthenticated("The request carries no Authorization: Bearer token");
  refuseOtherPages(request); // before anything is said about the session
  keepToItself(reply);
  const known = sessionOf(lock, request);
  if (!known) throw sessionOver();
  const { socket } = request.raw;
  const over = lock.sessions.whileOpen(known.session, () => socket.destroy());
  (request.ws ? socket : reply.raw).once("close", over);
}

async function beToken(lock: Lock, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const token = bearerIn(request);
  if (token === undefined)
    throw unauthenticated("The request carries no Authorization: Bearer token");
  if (lock.isToken(token)) return;
  await lock.guesses.wrong(clientLeft(request, reply));
  throw wrongToken();
}

/** A session, and the id by which its browser names it. */
export interface NamedSession {
  readonly id: string;
  readonly session: StoredSession;
}

/** @returns the session whose cookie the request carries; nothing is said of the page that sent it */
export function sessionOf(lock: Lock, request: FastifyRequest): NamedSession | undefined {
  const place = placeOf(request);
  for (const id of sessionIdsIn(request.headers)) {
    const session = lock.sessions.find(id, place);
    if (session) return { id, session };
  }
  return undefined;
}

export function placeOf({ socket }: FastifyRequest): Place {
  const { remoteAddress } = socket;
  return remoteAddress === undefined || isLoopback(remoteAddress) ? "loopback" : "network";
}

/** @returns what stands after `Bearer` */
export function bearerIn({ headers }: FastifyRequest): string | undefined {
  return /^Bearer[ ]+(.*)$/i.exec(headers.authorization ?? "")?.[1];
}

/**
 * Answers to a browser may hold what a guest wrote: they are never a page of ours with our rights, nothing for pages
 * of other ports to take in, and not kept.
 */
export function keepToItself(reply: FastifyReply): void {
  void reply.headers({
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
  });
}

export function wrongToken(): AlcoveError {
  return unauthenticated("The token is not this daemon's");
}

function isOpen({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.access === "open";
}

function sessionOver(): AlcoveError {
  const reason = "The session has ended";
  return new AlcoveError("unauthenticated", `${reason}: sign in again`, { reason });
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
