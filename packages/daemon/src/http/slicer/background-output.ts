/** Programs in the background: what they wrote, and waiting for their end. Contract B8. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import { waitForEnd } from "#core/exec/background.ts";
import { agentOf } from "#core/exec/guest-work.ts";

import { clientLeft } from "../client-left.ts";
import { sendPieces } from "../streamed.ts";
import { logFrames } from "./background-frames.ts";
import { endOf } from "./background-wire.ts";
import { stdioOf } from "./exec-frames.ts";
import type { SlicerParts } from "./parts.ts";
import { flag, One } from "./query.ts";

const params = Type.Object({ hostname: Type.String(), id: Type.String() });
const config = { access: "vm:use" } as const;

const DEFAULT_WAIT_S = 30;
const MAX_WAIT_S = 600;

export const backgroundOutput: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  const logs = {
    schema: { params, querystring: Type.Object({ follow: One, from_id: One }) },
    config,
    exposeHeadRoute: false,
  } as const;
  app.get("/vm/:hostname/exec/:id/logs", logs, async (request, reply) => {
    const { hostname, id } = request.params;
    const position = {
      fromId: frameOf(request.query.from_id),
      follow: flag("follow", request.query.follow),
    };
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(hostname), left);
    const found = await agent.background.logs(id, position, left);
    reply.type("application/x-ndjson");
    return sendPieces(reply, logFrames(found, stdioOf(found.note)));
  });

  const wait = {
    schema: { params, querystring: Type.Object({ timeout: One }) },
    config,
    exposeHeadRoute: false,
  } as const;
  app.get("/vm/:hostname/exec/:id/wait-exit", wait, async (request, reply) => {
    const { hostname, id } = request.params;
    const ms = secondsOf(request.query.timeout) * 1_000;
    const end = await waitForEnd(vms.get(hostname), { id, ms }, clientLeft(request, reply));
    const timed_out = end === undefined;
    return { exec_id: id, running: timed_out, ...endOf(end), timed_out };
  });
};

/** An unsigned 64-bit number. Beyond what a number holds exactly there never is a frame: one is as good as another. */
function frameOf(text: string | undefined): number {
  if (text === undefined || text === "") return 1;
  if (!/^\d{1,20}$/.test(text)) throw invalidRequest("from_id", `"${text}" is no frame's number`);
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

/** 0 is the default; longer than the longest is the longest: who waits asks again. */
function secondsOf(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_WAIT_S;
  if (!/^\d{1,9}$/.test(text)) {
    throw invalidRequest("timeout", `"${text}" is no whole number of seconds`);
  }
  return Math.min(Number(text) || DEFAULT_WAIT_S, MAX_WAIT_S);
}
