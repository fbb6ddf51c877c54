/** One VM: health, console log and power. Contract A3, A8, A16, A17, A18. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import { healthOf as askHealth, rebootOf } from "#core/exec/guest-work.ts";
import type { GuestReboot } from "#core/ports/hypervisor.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import type { SlicerParts } from "./parts.ts";
import { One } from "./query.ts";
import { healthOf } from "./wire.ts";

const params = Type.Object({ hostname: Type.String() });
const operate = { schema: { params }, config: { access: "vm:operate" } } as const;

const DEFAULT_LINES = 20;

export const vm: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms, consoles }) => {
  jsonBodies(app);

  const health = { schema: { params }, config: { access: "vm:read" } } as const;
  app.get("/vm/:hostname/health", health, async (request, reply) => {
    const it = vms.get(request.params.hostname);
    return healthOf(it.record, await askHealth(it, clientLeft(request, reply)));
  });

  const logs = {
    schema: { params, querystring: Type.Object({ lines: One }) },
    config: { access: "vm:read" },
  } as const;
  app.get("/vm/:hostname/logs", logs, async ({ params: { hostname }, query }) => {
    const lines = linesOf(query.lines);
    const content = await consoles.read(vms.get(hostname), lines === 0 ? "all" : lines);
    return { hostname, lines, content };
  });

  app.post("/vm/:hostname/pause", operate, async (request, reply) => {
    await vms.get(request.params.hostname).pause(clientLeft(request, reply));
    return reply.type("text/plain").send("Paused");
  });

  app.post("/vm/:hostname/resume", operate, async (request, reply) => {
    await vms.get(request.params.hostname).resume(clientLeft(request, reply));
    return reply.type("text/plain").send("Resumed");
  });

  const shutdown = {
    schema: {
      params,
      querystring: Type.Object({ action: One }),
      body: Type.Object({ action: Type.Optional(Type.Union([Type.String(), Type.Null()])) }),
    },
    config: { access: "vm:operate" },
  } as const;
  app.post("/vm/:hostname/shutdown", shutdown, async (request, reply) => {
    const it = vms.get(request.params.hostname);
    const action = actionOf(request.query.action || request.body.action || "shutdown");
    reply.type("text/plain");
    if (action === "reboot") return REBOOT[await rebootOf(vms, it, clientLeft(request, reply))];
    vms.shutDown(it);
    return "Shutting down";
  });
};

/** What a guest's reboot comes to, by the hypervisor that is configured. */
const REBOOT: Record<GuestReboot, string> = {
  restarts: "Rebooting",
  ends: "Shutting down: under this hypervisor a reboot ends the VM",
};

/** Absent or empty: the last 20; 0: all. */
function linesOf(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_LINES;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidRequest("lines", `"${text}" is not a whole number from 0`);
}

function actionOf(text: string): "shutdown" | "reboot" {
  if (text === "shutdown" || text === "reboot") return text;
  throw invalidRequest("action", `"${text}" is neither shutdown nor reboot`);
}
