/** Terminals that outlive who works at them: opened, listed, attached to, ended. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";

import { NewTerminal, Terminal, TerminalRequest } from "@alcove/api";
import { invalidRequest } from "#core/errors.ts";
import {
  type AttachedTerminal,
  attachTerminal,
  endTerminal,
  openTerminal,
  terminalsOf,
} from "#core/exec/terminals.ts";
import type { BackgroundProgram } from "#core/ports/guest-background.ts";
import type { Vms } from "#core/vm/vms.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import { workAt } from "./terminal-session.ts";

export interface TerminalParts {
  readonly vms: Vms;
}

const INTERNAL_ERROR = 1011;
/** longest name of a shell that is told */
const MAX_COMMAND_CHARS = 200;

const OfVm = Type.Object({ hostname: Type.String() });
const One = Type.Object({ hostname: Type.String(), id: Type.String() });
const config = { access: "vm:use" } as const;

export const terminals: FastifyPluginAsyncTypebox<TerminalParts> = async (app, { vms }) => {
  jsonBodies(app);

  const open = {
    schema: { params: OfVm, body: TerminalRequest, response: { 201: NewTerminal } },
    config,
  } as const;
  app.post("/vms/:hostname/terminals", open, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    const { id, startedAt } = await openTerminal(
      vm,
      orderOf(request.body),
      clientLeft(request, reply),
    );
    return reply.code(201).send({ id, created_at: startedAt.toISOString() });
  });

  const list = {
    schema: { params: OfVm, response: { 200: Type.Array(Terminal) } },
    config,
  } as const;
  app.get("/vms/:hostname/terminals", list, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    return (await terminalsOf(vm, clientLeft(request, reply))).map(terminalOf);
  });

  app.delete(
    "/vms/:hostname/terminals/:id",
    { schema: { params: One, response: { 204: Type.Null() } }, config },
    async (request, reply) => {
      const { hostname, id } = request.params;
      await endTerminal(vms.get(hostname), id, clientLeft(request, reply));
      return reply.code(204).send(null);
    },
  );

  await app.register(attaching, { vms });
};

interface Attachment {
  readonly terminal: AttachedTerminal;
  readonly leaving: AbortController;
}

const attaching: FastifyPluginAsyncTypebox<TerminalParts> = async (app, { vms }) => {
  const attached = new WeakMap<FastifyRequest, Attachment>();
  app.route({
    method: "GET",
    url: "/vms/:hostname/terminals/:id/attach",
    exposeHeadRoute: false,
    schema: { params: One },
    config,
    // Before the upgrade, so that a missing terminal is answered in plain HTTP.
    preHandler: async (request) => {
      if (!request.ws) throw invalidRequest("", "This is a WebSocket: send an Upgrade request");
      const { hostname, id } = request.params;
      const leaving = new AbortController();
      request.raw.socket.once("close", () => leaving.abort()); // also when the upgrade never comes
      const terminal = await attachTerminal(vms.get(hostname), id, leaving.signal);
      attached.set(request, { terminal, leaving });
    },
    handler: async () => {
      throw new Error("invariant: only WebSockets come this far");
    },
    wsHandler: (socket, request) => {
      const attachment = attached.get(request);
      if (attachment) void workAt(socket, attachment.terminal, attachment.leaving);
      else socket.close(INTERNAL_ERROR);
    },
  });
};

function orderOf({ cols, rows, uid, gid, shell, cwd }: TerminalRequest) {
  const user = uid === undefined ? ("default" as const) : { uid, gid };
  return { size: { cols, rows }, user, shell, cwd };
}

function terminalOf({ id, startedAt, command, uid, end }: BackgroundProgram): Terminal {
  return {
    id,
    created_at: startedAt.toISOString(),
    command: printable(command) || "login shell",
    uid,
    exited: end !== undefined,
    ...(end === undefined ? {} : { exit_code: end.exitCode }),
  };
}

/** A guest says this: no more of it than a line of text. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "").slice(0, MAX_COMMAND_CHARS);
}
