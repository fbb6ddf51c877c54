/**
 * The listeners and what all surfaces have in common: no time limits on long
 * streams, the query-in-the-path habit of one client, and one auth rule a listener.
 */

import type { Server } from "node:http";
import type { Socket } from "node:net";

import websocket from "@fastify/websocket";
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";

import { MIB } from "#lib/bytes.ts";
import { settlesWithin } from "#lib/patience.ts";

import { type Access, authenticate, type Lock } from "./auth.ts";
import { ignoredBodies } from "./bodies.ts";
import { unreadHeads } from "./heads.ts";
import { serializeLate } from "./late-serializers.ts";
import { compileLate } from "./late-validators.ts";
import { firstOfRepeated } from "./queries.ts";
import { refuseOtherUpgrades } from "./upgrades.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** who may call it; a route without it is refused at start */
    access?: Access;
  }
}

export type ListenAt =
  | { readonly kind: "tcp"; readonly address: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface Served extends AsyncDisposable {
  /** the TCP port that was bound; 0 for a Unix socket */
  readonly port: number;
}

const MAX_JSON_BYTES = MIB;
/** of a name in a path, in characters */
const MAX_NAME_LENGTH = 1024;
const HEADERS_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 75_000;
/** how long WebSockets' clients may take to say goodbye when the daemon ends */
const CLOSE_MS = 3_000;
/** WebSocket messages from clients: forwarded bytes come in pieces of the client's choice */
const MAX_MESSAGE_BYTES = 16 * MIB;

/** Builds one HTTP application of all surfaces; each listener has its own, because they differ in auth. */
export async function application(
  surfaces: readonly FastifyPluginAsync[],
  lock: Lock | undefined,
): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_JSON_BYTES,
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_NAME_LENGTH },
    // Our schemas are made by typebox: to check them against JSON Schema's own would compile that first.
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, validateSchema: false },
      onCreate: compileLate,
    },
    schemaController: { compilersFactory: { buildSerializer: serializeLate } },
    // What is wrong before any route is found: a path that is no percent-encoding, or a name that is none.
    frameworkErrors: badPath,
    clientErrorHandler: (error, socket) => badHttp(error, socket),
    rewriteUrl: (request) => queryOutOfPath(request.url ?? "/"),
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  app.server.timeout = 0;
  const options = { maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false };
  await app.register(websocket, { options });
  authenticate(app, lock);
  refuseOtherUpgrades(app);
  firstOfRepeated(app);
  ignoredBodies(app);
  unreadHeads(app);
  for (const surface of surfaces) await app.register(surface);
  await app.ready();
  return app;
}

function badPath(error: FastifyError, { raw }: FastifyRequest, reply: FastifyReply): void {
  // A connection that asked for an upgrade is not the HTTP server's any more: nobody else closes it.
  if (raw.headers.upgrade !== undefined) reply.raw.once("finish", () => raw.socket.destroySoon());
  if (error.code === "FST_ERR_MAX_PARAM_LENGTH") {
    const words = `Nothing here has a name of more than ${MAX_NAME_LENGTH} characters`;
    void reply.code(404).send({ error: words, code: "route_not_found" });
  } else {
    void reply.code(400).send({ error: error.message, code: "bad_http" });
  }
}

/** What the HTTP parser says, and the status that fits better than 400. */
const PARSER_STATUS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

/** What is no HTTP gets its answer on the bare connection, which ends with it. @param more header lines */
export function badHttp(
  { code = "", message }: Error & { readonly code?: string },
  socket: Socket,
  more: readonly string[] = [],
): void {
  if (code === "ECONNRESET" || !socket.writable) return;
  const error = `This is no HTTP request that can be read: ${message}`;
  const body = JSON.stringify({ error, code: "bad_http" });
  const head = [
    `HTTP/1.1 ${PARSER_STATUS[code] ?? "400 Bad Request"}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...more,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

export async function serve(app: FastifyInstance, at: ListenAt): Promise<Served> {
  const connections = connectionsOf(app.server);
  if (at.kind === "unix") await app.listen({ path: at.path });
  else await app.listen({ host: at.address, port: at.port });
  return { port: portOf(app.server), [Symbol.asyncDispose]: () => closed(app, connections) };
}

/** Ends what is going on, and in time: also connections whose clients do not say goodbye. */
async function closed(app: FastifyInstance, connections: ReadonlySet<Socket>): Promise<void> {
  const closing = app.close();
  if (!(await settlesWithin(closing, CLOSE_MS))) for (const one of connections) one.destroy();
  await closing;
}

/** Filled and emptied as they come and go. */
function connectionsOf(server: Server): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  return connections;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/**
 * Slicer's Go SDK glues a tag filter's query onto the path, percent-encoded
 * (`/hostgroup/vm/nodes%3Ftag=user%253Dalice`): it is cut off and decoded once.
 */
export function queryOutOfPath(url: string): string {
  const at = url.search(/%3f/i);
  const query = url.indexOf("?");
  if (at < 0 || (query >= 0 && query < at)) return url;
  try {
    return `${url.slice(0, at)}?${decodeURIComponent(url.slice(at + 3))}`;
  } catch {
    return url; // not percent-encoding at all: the router answers that no such path exists
  }
}
