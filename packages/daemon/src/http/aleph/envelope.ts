/**
 * The one place that knows statuses: from what the core refuses, and from what fails, to what a client of an Aleph
 * node is answered.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { StartError, type StartErrorKind } from "#core/aleph/execution/start-error.ts";
import { Refusal, type RefusalKind } from "#core/aleph/refusal.ts";
import { AlcoveError } from "#core/errors.ts";
import type { Log } from "#core/ports/log.ts";

import { ClientLeft } from "../client-left.ts";
import { toProblem } from "../problem.ts";
import { sendCompact, sendJson, sendText } from "./answers.ts";
import { compactJson, pythonJson } from "./python-json.ts";

const STATUS: Record<RefusalKind, number> = {
  "bad request": 400,
  unauthorized: 401,
  "payment required": 402,
  "not the owner": 403,
  forbidden: 403,
  "not found": 404,
  conflict: 409,
  "too large": 413,
  "no storage": 507,
  unavailable: 503,
  failed: 500,
};

/** what the reference answers without an envelope */
const PLAIN: ReadonlySet<RefusalKind> = new Set(["not the owner", "no storage"]);

type Words = readonly [status: number, words: string];

const NO_ROOM: Words = [503, "This CRN cannot host the requested workload at this time."];

/** what starting a VM can run into, in the reference's words; empty ones are the failure's own */
const STARTING: Record<StartErrorKind, Words> = {
  InsufficientResourcesError: NO_ROOM,
  VmSetupError: [500, "500: Error during vm initialisation"],
  ResourceDownloadError: [400, "400: Code, runtime or data not available"],
  FileTooLargeError: [500, ""],
  MicroVMFailedInitError: [500, "500: Error during runtime initialisation"],
};

export interface Envelope {
  readonly log: Log;
  /** whether the reference's accidents are wanted, too */
  readonly strict: boolean;
}

export function answerErrors(app: FastifyInstance, envelope: Envelope): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, kind } = answerFor(error, request, reply, envelope);
    const path = request.url.split("?", 1)[0];
    const fields = { api: "aleph", method: request.method, path, status, kind };
    if (kind === "internal") envelope.log.error("http.failed", { ...fields, error });
    else if (status === 500) envelope.log.warn("http.failed", { ...fields, error });
    else envelope.log.info("http.refused", fields);
    // A connection whose upgrade was refused serves no second request.
    if (request.ws) void reply.header("connection", "close");
    return reply;
  });
}

interface Answered {
  readonly status: number;
  readonly kind: string;
}

function answerFor(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  envelope: Envelope,
): Answered {
  if (error instanceof Refusal) {
    const status = STATUS[error.kind];
    sendRefusal(error, request, reply, envelope);
    return { status, kind: error.kind };
  }
  if (error instanceof ClientLeft) {
    sendJson(reply, { error: error.message }, 400);
    return { status: 400, kind: "client left" };
  }
  const { status, code, message } = toProblem(error);
  const starting = startingWords(error);
  if (starting) {
    const [startingStatus, words] = starting;
    sendJson(reply, { error: words }, startingStatus);
    return { status: startingStatus, kind: error instanceof StartError ? error.kind : code };
  }
  const type = code === "internal" ? { error_type: "<class 'Exception'>" } : {};
  sendJson(reply, { error: message, ...type }, status);
  return { status, kind: code };
}

function startingWords(error: unknown): Words | undefined {
  if (AlcoveError.is(error, "no_capacity")) return NO_ROOM;
  if (AlcoveError.is(error, "hypervisor_failed")) return STARTING.VmSetupError;
  if (!(error instanceof StartError)) return undefined;
  const [status, words] = STARTING[error.kind];
  return [status, words === "" ? `${status}: ${error.message}` : words];
}

function sendRefusal(
  { kind, message, body }: Refusal,
  { routeOptions }: FastifyRequest,
  reply: FastifyReply,
  { strict }: Envelope,
): void {
  const status = STATUS[kind];
  if (PLAIN.has(kind)) sendText(reply, message, status);
  else if (body === undefined) sendJson(reply, { error: message }, status);
  else if (strict && kind === "not found") sendJson(reply, { error: pythonJson(body) }, status);
  else if (!Array.isArray(body)) sendJson(reply, body, status);
  else if (strict && routeOptions.config.rule?.doubled === true)
    sendJson(reply, compactJson(body), status);
  else sendCompact(reply, body, status);
}
