/** A client's request, made again to what listens in a VM. What comes back is a stranger's. */

import type { ClientRequest, IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import type { Duplex } from "node:stream";

import type { FastifyRequest } from "fastify";

import { AlcoveError } from "#core/errors.ts";
import type { LoginSecret } from "#core/aleph/auth/login-secret.ts";
import type { Reached } from "#core/aleph/programs/program-call.ts";
import { pause } from "#lib/patience.ts";

import { piecesOf } from "../bodies.ts";
import { guestCookies } from "./guest-cookies.ts";
import { GuestSocket } from "./guest-socket.ts";

// As in `../bodies.ts`: to import it would load more than is used.
const http = process.getBuiltinModule("node:http");

/** of an answer's head, in bytes */
const MAX_HEAD_BYTES = 64 * 1024;
const RETRY_PAUSE_MS = 100;

/** What belongs to one connection, not to the request. */
const OF_CONNECTION = new Set([
  "connection",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What came back is no HTTP. */
export class Undecodable extends Error {
  override readonly name = "Undecodable";
}

export interface Forwarded {
  readonly request: FastifyRequest;
  /** as the program sees it */
  readonly path: string;
  /** how long a connection that nobody takes is tried again, in `ms` */
  readonly patienceMs: number;
  /** whose cookie is not a guest's business */
  readonly login: Pick<LoginSecret, "isOperators">;
}

/**
 * Makes the request. Resolves when the answer's head is there; the body may still be on its way in both directions.
 * @param signal gives it up; also later, while the answer is read
 * @throws Undecodable; Error when nothing came back
 */
export async function ask(
  { request, path, patienceMs, login }: Forwarded,
  reach: (signal: AbortSignal) => Promise<Reached>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const socket = await connected(reach, patienceMs, signal);
  const asked = http.request({
    createConnection: () => socket,
    method: request.method,
    path,
    headers: headersOf(request, login),
    setHost: false,
    maxHeaderSize: MAX_HEAD_BYTES,
    signal,
  });
  asked.once("close", () => socket.destroy());
  const answer = answerOf(asked);
  sendBody(request, asked).catch(() => {}); // what is told is what came back, or did not
  return await answer;
}

async function answerOf(asked: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  asked.once("response", resolve);
  // Also one that wants another protocol ends so, without an error.
  asked.once("close", () => reject(new Error("the connection ended without an answer")));
  asked.on("error", (error) =>
    reject(isUnreadable(error) ? new Undecodable(error.message) : error),
  );
  return await promise;
}

function isUnreadable(error: Error): boolean {
  return "code" in error && String(error.code).startsWith("HPE_");
}

/** Each piece is on its way before the next one is taken: its memory is given back then. */
async function sendBody(request: FastifyRequest, asked: ClientRequest): Promise<void> {
  if (hasBody(request)) {
    for await (const piece of piecesOf(request.raw)) {
      if (asked.destroyed) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      asked.write(piece, (error) => (error ? reject(error) : resolve()));
      await Promise.race([promise, once(asked, "close")]);
    }
  }
  asked.end();
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function headersOf(request: FastifyRequest, login: Forwarded["login"]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  const named = (request.headers.connection ?? "").split(",").map((it) => it.trim().toLowerCase());
  for (const [name, values = []] of Object.entries(request.raw.headersDistinct)) {
    if (!OF_CONNECTION.has(name) && !named.includes(name)) headers[name] = values;
  }
  const cookies = guestCookies(headers["cookie"] ?? [], login);
  if (cookies.length > 0) headers["cookie"] = cookies;
  else delete headers["cookie"];
  if (request.headers["transfer-encoding"] !== undefined)
    headers["transfer-encoding"] = ["chunked"];
  headers["connection"] = ["close"];
  return headers;
}

async function connected(
  reach: (signal: AbortSignal) => Promise<Reached>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      const reached = await reach(signal);
      if (reached.kind === "inside") return new GuestSocket(reached.connection);
      return await dialled(reached, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() >= until && !isBusy(error)) throw error;
    }
    await pause(RETRY_PAUSE_MS, signal);
  }
}

/** Its agent has as many connections as it takes: one of them will end. */
function isBusy(error: unknown): boolean {
  return AlcoveError.is(error, "guest_refused") && error.details.reason === "busy";
}

async function dialled(
  { host, port }: Extract<Reached, { kind: "address" }>,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect({ host, port, signal });
  await once(socket, "connect"); // rejects with what went wrong
  return socket;
}
