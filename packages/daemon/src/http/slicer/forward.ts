/** One connection inside a guest over one WebSocket. Contract A19. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { WebSocket } from "@fastify/websocket";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import { connectInside } from "#core/exec/connect.ts";
import type { GuestConnection, GuestTarget } from "#core/ports/guest-connection.ts";
import { settlesWithin } from "#lib/patience.ts";

import { clientLeft } from "../client-left.ts";
import { closeBecause, messagesOf, sendMessage, watchClient } from "../web-socket.ts";
import type { SlicerParts } from "./parts.ts";

const NORMAL_CLOSURE = 1000;
const UNSUPPORTED_DATA = 1003;
const INTERNAL_ERROR = 1011;

/** how long a target may take for the last bytes of a client that has closed, in `ms` */
const LAST_BYTES_MS = 5_000;

/** what a Unix socket's address has room for, in bytes */
const MAX_SOCKET_PATH_BYTES = 107;

export const forward: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  /** made, but not handed over to a WebSocket yet */
  const made = new WeakMap<FastifyRequest, GuestConnection>();

  app.route({
    method: "GET",
    url: "/vm/:hostname/forward",
    exposeHeadRoute: false,
    schema: { params: Type.Object({ hostname: Type.String() }) },
    config: { access: "vm:use" },
    // Before the upgrade, so that a target that does not answer is told in plain HTTP.
    preHandler: async (request, reply) => {
      const target = targetOf(request.headers["x-inlets-upstream"]);
      if (!request.ws) throw invalidRequest("", "This is a WebSocket: send an Upgrade request");
      const left = clientLeft(request, reply);
      const connection = await connectInside(vms.get(request.params.hostname), target, left);
      made.set(request, connection);
      request.raw.socket.once("close", () => {
        if (made.delete(request)) connection.cancel(); // the upgrade never came
      });
    },
    handler: async () => {
      throw new Error("invariant: only WebSockets come this far");
    },
    wsHandler: (socket, request) => {
      const connection = made.get(request);
      made.delete(request);
      if (connection) void tunnel(socket, connection);
      else socket.close(INTERNAL_ERROR);
    },
  });
};

/** `host:port`, `[address]:port` or `unix:/path`, as seen from inside the guest. */
function targetOf(header: string | string[] | undefined): GuestTarget {
  if (typeof header !== "string" || header === "") throw invalidTarget("is required");
  const text = Buffer.from(header, "latin1").toString(); // headers are read as bytes
  if (text.startsWith("unix:")) return { kind: "unix", path: socketPathOf(text.slice(5)) };
  const found = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw invalidTarget("must be host:port, [address]:port or unix:/path");
  }
  return { kind: "tcp", host, port };
}

function socketPathOf(path: string): string {
  if (!path.startsWith("/")) throw invalidTarget("a Unix socket needs an absolute path");
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  throw invalidTarget(`a Unix socket's path has at most ${MAX_SOCKET_PATH_BYTES} bytes`);
}

function invalidTarget(problem: string): Error {
  return invalidRequest("X-Inlets-Upstream", problem);
}

/**
 * Lives until either side has closed; never rejects. A tunnel has no half: when the target sends
 * no more, or the client closes, all of it ends.
 */
async function tunnel(socket: WebSocket, connection: GuestConnection): Promise<void> {
  using _watch = watchClient(socket);
  const over = new AbortController();
  const input = toTarget(socket, connection, over.signal).catch(() => connection.cancel());
  socket.on("message", (_bytes, isBinary) => {
    if (!isBinary) closeBecause(socket, UNSUPPORTED_DATA, "send binary messages");
  });
  // What the client sent before it closed is still the target's, but not for ever.
  socket.once("close", () => {
    void settlesWithin(connection.ended, LAST_BYTES_MS).then(() => connection.cancel());
  });
  try {
    for await (const bytes of connection.output) await toClient(socket, bytes);
    socket.close(NORMAL_CLOSURE);
  } catch (error) {
    closeBecause(socket, INTERNAL_ERROR, error instanceof Error ? error.message : "it broke");
  } finally {
    over.abort();
    connection.cancel();
    await input;
  }
}

async function toTarget(
  socket: WebSocket,
  connection: GuestConnection,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messagesOf(socket, signal)) await connection.write(message, signal);
  connection.endInput();
}

/** To a client that has left goes nothing any more; what the target says meanwhile is dropped. */
async function toClient(socket: WebSocket, bytes: Uint8Array): Promise<void> {
  try {
    await sendMessage(socket, bytes);
  } catch (error) {
    if (socket.readyState === socket.OPEN) throw error;
  }
}
