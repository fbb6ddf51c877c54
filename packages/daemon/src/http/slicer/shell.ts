/** A terminal in a guest over a WebSocket. Contract A15. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { WebSocket } from "@fastify/websocket";
import type { FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import { agentOf } from "#core/exec/guest-work.ts";
import type { GuestExec, GuestProcess } from "#core/ports/guest-link.ts";

import { clientLeft } from "../client-left.ts";
import { closeBecause, messagesOf, sendMessage, watchClient } from "../web-socket.ts";
import type { SlicerParts } from "./parts.ts";
import { One, userOf } from "./query.ts";
import {
  DataFrames,
  parseShellFrame,
  SESSION_CLOSE_FRAME,
  type ShellInput,
} from "./shell-frames.ts";

const Query = Type.Object({ uid: One, gid: One, shell: One, cwd: One });

const NORMAL_CLOSURE = 1000;
const INTERNAL_ERROR = 1011;

export const shell: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  const started = new WeakMap<FastifyRequest, GuestProcess>();

  app.route({
    method: "GET",
    url: "/vm/:hostname/shell",
    exposeHeadRoute: false,
    schema: { params: Type.Object({ hostname: Type.String() }), querystring: Query },
    config: { access: "vm:use" },
    // Before the upgrade, so that a missing VM or a paused one is answered in plain HTTP.
    preHandler: async (request, reply) => {
      if (!request.ws) throw invalidRequest("", "This is a WebSocket: send an Upgrade request");
      const left = clientLeft(request, reply);
      const agent = await agentOf(vms.get(request.params.hostname), left);
      const process = await asRequested(agent.exec(shellOf(request.query), left));
      started.set(request, process);
      request.raw.socket.once("close", () => process.cancel()); // also when the upgrade never comes
    },
    handler: async () => {
      throw new Error("invariant: only WebSockets come this far");
    },
    wsHandler: (socket, request) => {
      const process = started.get(request);
      if (process) void session(socket, process);
      else socket.close(INTERNAL_ERROR);
    },
  });
};

/** In an answer to a shell 404 means the VM; what is missing in it is the request's mistake. */
async function asRequested(starting: Promise<GuestProcess>): Promise<GuestProcess> {
  try {
    return await starting;
  } catch (error) {
    const missing = AlcoveError.is(error, "guest_refused") && error.details.reason === "not_found";
    if (missing) throw invalidRequest("", `The shell could not be started: ${error.message}`);
    throw error;
  }
}

function shellOf(query: Static<typeof Query>): GuestExec {
  return {
    program: { kind: "login", shell: query.shell || undefined },
    env: [],
    cwd: query.cwd || undefined,
    user: userOf(query, "default"),
    stdin: true,
    stdout: true,
    stderr: true,
    pty: { cols: 80, rows: 24 },
  };
}

/** Lives until the shell or the client ends; never rejects. */
async function session(socket: WebSocket, process: GuestProcess): Promise<void> {
  using _watch = watchClient(socket);
  const left = new AbortController();
  const asked = new AbortController(); // by the client: it sent a shutdown, or closed
  const typing = keystrokes(socket, process, left.signal)
    .then(() => asked.abort())
    .finally(() => process.cancel());
  try {
    const frames = new DataFrames();
    for await (const { bytes } of process.output) {
      for (const frame of frames.write(bytes)) await sendMessage(socket, frame);
    }
    for (const frame of [...frames.end(), SESSION_CLOSE_FRAME]) await sendMessage(socket, frame);
    socket.close(NORMAL_CLOSURE);
  } catch (error) {
    const message = error instanceof Error ? error.message : "the session broke";
    if (asked.signal.aborted) socket.close(NORMAL_CLOSURE);
    else closeBecause(socket, INTERNAL_ERROR, message);
  } finally {
    process.cancel();
    left.abort();
    await typing.catch(() => {}); // the client left; the output side has answered for it
  }
}

async function keystrokes(
  socket: WebSocket,
  process: GuestProcess,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messagesOf(socket, signal)) {
    const input = parseShellFrame(message);
    if (input?.kind === "shutdown") return;
    if (input) await obey(input, process, signal);
  }
}

async function obey(
  input: Exclude<ShellInput, { kind: "shutdown" }>,
  process: GuestProcess,
  signal: AbortSignal,
): Promise<void> {
  if (input.kind === "resize") process.resize(input.size);
  else await process.write(input.bytes, signal);
}
