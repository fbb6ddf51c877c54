/**
 * The listener of an Aleph node: a Fastify application of its own, because nearly nothing of the other surfaces'
 * rules holds here. Bodies are read when they are asked for, so that nobody makes us read one before the door.
 */

import type { IncomingMessage } from "node:http";

import websocket from "@fastify/websocket";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";

import { KIB } from "#lib/bytes.ts";

import { forgetNonsense, streamedBodies } from "../bodies.ts";
import { unreadHeads } from "../heads.ts";
import { badHttp } from "../server.ts";
import { allowPages, pageHeaders } from "./cors.ts";
import { refuseWhileDraining } from "./draining.ts";
import { answerErrors } from "./envelope.ts";
import { isLogUpgrade } from "./log-upgrade.ts";
import { answerUnknown, sendUnknown } from "./not-found.ts";
import type { AlephParts } from "./parts.ts";
import { demandRules } from "./route-rule.ts";
import { routes } from "./routes.ts";

const HEADERS_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 75_000;
/** of a reference in a path, in characters: more than a request line can hold, so that every wrong one is called wrong */
const MAX_REF_LENGTH = 16_384;
/** WebSocket messages from clients: one with credentials, and nothing after it */
const MAX_MESSAGE_BYTES = 64 * KIB;
/** connections at a time; those beyond are closed at once */
const MAX_CONNECTIONS = 4_096;

export async function alephApplication(parts: AlephParts): Promise<FastifyInstance> {
  const server = `aleph-vm/${parts.version}`;
  const app = fastify({
    logger: false,
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    return503OnClosing: false,
    // What Node would answer to a request without a Host has nothing of ours.
    http: { shouldUpgradeCallback: isLogUpgrade, requireHostHeader: false },
    routerOptions: { maxParamLength: MAX_REF_LENGTH },
    frameworkErrors: (_error, request, reply) => {
      sendUnknown(request, reply.header("server", server));
    },
    clientErrorHandler: (error, socket) => badHttp(error, socket, [`Server: ${server}`]),
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  app.server.timeout = 0;
  app.server.maxConnections = MAX_CONNECTIONS;
  const options = { maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false };
  await app.register(websocket, { options });
  nameUpgrades(app, server);
  app.addHook("onRequest", async (request, reply) => greet(request, reply, server));
  demandRules(app);
  allowPages(app);
  unreadHeads(app);
  streamedBodies(app);
  refuseWhileDraining(app, parts.draining, parts.settings.domainName);
  answerErrors(app, { log: parts.log, strict: parts.settings.strictReference });
  answerUnknown(app, parts);
  await app.register(routes, parts);
  await app.ready();
  return app;
}

async function greet(request: FastifyRequest, reply: FastifyReply, server: string): Promise<void> {
  forgetNonsense(request);
  void reply.header("server", server);
}

/** The answer to an upgrade is not written by Fastify. */
function nameUpgrades(app: FastifyInstance, server: string): void {
  app.websocketServer.on("headers", (lines: string[], { headers }: IncomingMessage) => {
    lines.push(`Server: ${server}`, `Date: ${new Date().toUTCString()}`);
    if (headers.origin === undefined) return;
    const names = ["connection", "date", "sec-websocket-accept", "server", "upgrade"];
    for (const [name, value] of pageHeaders(headers.origin, names)) lines.push(`${name}: ${value}`);
  });
}
