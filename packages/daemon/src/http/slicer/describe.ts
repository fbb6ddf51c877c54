/** One VM: all that is known of it, and its start after it has ended. Contract B3, B4. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { relaunch } from "#core/vm/relaunch.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import type { SlicerParts } from "./parts.ts";
import { agentFactsOf } from "./background-wire.ts";
import { createdOf, describedOf } from "./wire.ts";

const params = Type.Object({ hostname: Type.String() });

export const describe: FastifyPluginAsyncTypebox<SlicerParts> = async (app, parts) => {
  const { vms, commits, about } = parts;
  jsonBodies(app);

  const read = { schema: { params }, config: { access: "vm:read" } } as const;
  app.get("/vm/:hostname", read, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    const facts = await agentFactsOf(vm, clientLeft(request, reply));
    const commit = commits.newestOf(vm.record);
    return { ...describedOf(vm.record, commit?.id, about), ...facts };
  });

  const operate = { schema: { params }, config: { access: "vm:operate" } } as const;
  app.post("/vm/:hostname/relaunch", operate, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    await relaunch(vms, vm, clientLeft(request, reply));
    return createdOf(vm.record, about);
  });
};
