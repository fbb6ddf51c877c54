/** Programs in the background: list, kill, reap. Contract B8. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { killOrder, programsOf } from "#core/exec/background.ts";
import { agentOf } from "#core/exec/guest-work.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import { programOf } from "./background-wire.ts";
import type { SlicerParts } from "./parts.ts";

const OfVm = Type.Object({ hostname: Type.String() });
const params = Type.Object({ hostname: Type.String(), id: Type.String() });
const config = { access: "vm:use" } as const;
const one = { schema: { params }, config } as const;
const Kill = Type.Object({
  signal: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  grace_ms: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
});

const DEFAULT_GRACE_MS = 5_000;

export const background: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  jsonBodies(app);

  const list = { schema: { params: OfVm }, config } as const;
  app.get("/vm/:hostname/exec", list, async (request, reply) => {
    const left = clientLeft(request, reply);
    return (await programsOf(vms.get(request.params.hostname), left)).map(programOf);
  });

  app.get("/vm/:hostname/exec/:id", one, async (request, reply) => {
    const { hostname, id } = request.params;
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(hostname), left);
    return programOf(await agent.background.find(id, left));
  });

  app.post(
    "/vm/:hostname/exec/:id/kill",
    { schema: { params, body: Kill }, config },
    async (request, reply) => {
      const { hostname, id } = request.params;
      const { signal, grace_ms } = request.body;
      const how = killOrder(signal || "TERM", grace_ms ?? DEFAULT_GRACE_MS);
      const left = clientLeft(request, reply);
      const agent = await agentOf(vms.get(hostname), left);
      const { pid, running } = await agent.background.kill(id, how, left);
      return { exec_id: id, pid, running, signal_sent: running ? `SIG${how.signal}` : "" };
    },
  );

  app.delete("/vm/:hostname/exec/:id", one, async (request, reply) => {
    const { hostname, id } = request.params;
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(hostname), left);
    await agent.background.reap(id, left);
    return { exec_id: id, reaped: true };
  });
};
