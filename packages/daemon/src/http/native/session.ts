/** Sign-in of browsers: a session in a cookie, for the token or for a code that is good once. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";

import { Session, SignIn, SignInCode } from "@alcove/api";
import { AlcoveError, invalidRequest } from "#core/errors.ts";
import type { Clock } from "#core/ports/clock.ts";
import type { SignInCodes } from "#core/session/sign-in-codes.ts";

import { bearerIn, keepToItself, type Lock, placeOf, sessionOf, wrongToken } from "../auth.ts";
import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import { refuseForeignPages, refuseOtherPages, refuseOtherSites } from "../origins.ts";
import { cookieFor, noCookie, sessionIdsIn } from "../session-cookie.ts";

/** What sign-ins need, the same at all listeners. */
export interface SignInDesk {
  readonly codes: SignInCodes;
  readonly clock: Clock;
  /** the console's address on this host; `undefined` while nothing is served on TCP */
  readonly consoleUrl: string | undefined;
}

export interface SessionParts {
  readonly signIn: SignInDesk;
}

const NOT_NEEDED: Session = { sign_in: "not_needed", signed_in: true };
const SIGNED_OUT: Session = { sign_in: "needed", signed_in: false };

export const session: FastifyPluginAsyncTypebox<SessionParts> = async (app, { signIn }) => {
  const { codes, clock } = signIn;
  const { lock } = app.door;
  jsonBodies(app);
  app.addHook("onRequest", async (_request, reply) => keepToItself(reply));

  const show = { schema: { response: { 200: Session } }, config: { access: "open" } } as const;
  app.get("/session", show, async (request, reply) =>
    lock ? await shown(lock, { request, reply, now: clock.now() }) : NOT_NEEDED,
  );

  const begin = {
    schema: { body: SignIn, response: { 200: Session } },
    config: { access: "open" },
  } as const;
  app.post("/session", begin, async (request, reply) => {
    if (!lock) return NOT_NEEDED;
    refuseForeignPages(request);
    refuseOtherSites(request);
    const { body } = request;
    if (isKey(body, lock, codes)) return begun(lock, { request, reply, now: clock.now() });
    await lock.guesses.wrong(clientLeft(request, reply));
    throw body.code === undefined ? wrongToken() : wrongCode();
  });

  const end = { schema: { response: { 204: Type.Null() } }, config: { access: "open" } } as const;
  app.delete("/session", end, async (request, reply) => {
    if (lock) ended(lock, request);
    return reply.code(204).header("set-cookie", noCookie(request.headers)).send(null);
  });

  const code = {
    schema: { response: { 201: SignInCode } },
    config: { access: "host:operate" },
  } as const;
  app.post("/session/codes", code, async (_request, reply) => {
    const made = codes.make();
    const url = signIn.consoleUrl;
    const answer = { code: made.code, expires_at: made.expiresAt.toISOString() };
    return reply.code(201).send(url === undefined ? answer : { ...answer, console_url: url });
  });
};

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly now: Date;
}

/** A session that has used half of its time gets more of it, and its cookie with it. */
async function shown(lock: Lock, { request, reply, now }: Visit): Promise<Session> {
  const token = bearerIn(request);
  if (token !== undefined) {
    if (lock.isToken(token)) return { ...SIGNED_OUT, signed_in: true };
    await lock.guesses.wrong(clientLeft(request, reply));
    return SIGNED_OUT;
  }
  if (sessionIdsIn(request.headers).length > 0) refuseOtherPages(request);
  const known = sessionOf(lock, request);
  if (!known) return SIGNED_OUT;
  const { expiresAt } = lock.sessions.renew(known.session);
  if (expiresAt > known.session.expiresAt) {
    const cookie = cookieFor(known.id, { expiresAt, now }, request.headers);
    void reply.header("set-cookie", cookie);
  }
  return signedIn(expiresAt);
}

/** In place of the session that the browser had, if it had one. */
function begun(lock: Lock, { request, reply, now }: Visit): Session {
  const before = sessionOf(lock, request);
  if (before) lock.sessions.end(before.session);
  const { id, expiresAt } = lock.sessions.open(placeOf(request));
  void reply.header("set-cookie", cookieFor(id, { expiresAt, now }, request.headers));
  return signedIn(expiresAt);
}

function ended(lock: Lock, request: FastifyRequest): void {
  refuseForeignPages(request);
  if (sessionIdsIn(request.headers).length > 0) refuseOtherPages(request);
  const known = sessionOf(lock, request);
  if (known) lock.sessions.end(known.session);
}

function signedIn(expiresAt: Date): Session {
  return { sign_in: "needed", signed_in: true, expires_at: expiresAt.toISOString() };
}

/** A code is spent by this, whether or not it is good. */
function isKey({ token, code }: SignIn, { isToken }: Lock, codes: SignInCodes): boolean {
  if (token !== undefined && code === undefined) return isToken(token);
  if (code !== undefined && token === undefined) return codes.spend(code);
  throw invalidRequest("token", "give the daemon's token or a sign-in code, one of both");
}

function wrongCode(): AlcoveError {
  const reason = "The sign-in code was used already, or is older than ten minutes";
  const message = `${reason}: ask for another with \`alcove ui\`, or sign in with the token`;
  return new AlcoveError("unauthenticated", message, { reason });
}
