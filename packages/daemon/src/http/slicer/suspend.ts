/** A VM without its machine: suspend it to the disk, and restore it. Contract B1, B2. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import { restore } from "#core/vm/restore.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import type { SlicerParts } from "./parts.ts";
import { One, waitTimeoutOf } from "./query.ts";

const params = Type.Object({ hostname: Type.String() });

export const suspend: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  jsonBodies(app);

  const operate = { schema: { params }, config: { access: "vm:operate" } } as const;
  app.post("/vm/:hostname/suspend", operate, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    await vm.suspend({ restoreAtStart: false }, clientLeft(request, reply));
    return reply.type("text/plain").send("Suspended");
  });

  const back = {
    schema: { params, querystring: Type.Object({ wait: One, timeout: One }) },
    config: { access: "vm:operate" },
  } as const;
  app.post("/vm/:hostname/restore", back, async (request, reply) => {
    const waitMs = waitOf(request.query);
    const vm = vms.get(request.params.hostname);
    await restore(vms, vm, waitMs, clientLeft(request, reply));
    return reply.type("text/plain").send(waitMs === undefined ? "Restoring" : "Restored");
  });
};

/** @returns how long to wait for the agent, in `ms`; `undefined` does not wait */
function waitOf({ wait, timeout }: { wait?: string; timeout?: string }): number | undefined {
  if (wait === undefined || wait === "") return undefined;
  if (wait === "agent") return waitTimeoutOf(timeout);
  throw invalidRequest("wait", `"${wait}" is not agent`);
}
