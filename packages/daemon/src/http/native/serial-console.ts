/** What a VM writes on its serial console, as it is written. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { ConsoleQuery } from "@alcove/api";
import type { VmConsoles } from "#core/vm/consoles.ts";
import type { Vms } from "#core/vm/vms.ts";

import { clientLeft } from "../client-left.ts";
import { sendPieces } from "../streamed.ts";

export interface ConsoleParts {
  readonly vms: Vms;
  readonly consoles: VmConsoles;
}

export const serialConsole: FastifyPluginAsyncTypebox<ConsoleParts> = async (app, parts) => {
  const { vms, consoles } = parts;
  const follow = {
    schema: { params: Type.Object({ hostname: Type.String() }), querystring: ConsoleQuery },
    config: { access: "vm:read" },
    exposeHeadRoute: false, // it would follow the log for nobody, and never end
  } as const;
  app.get("/vms/:hostname/console", follow, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    const tailBytes = Number(request.query.tail_bytes ?? 0);
    const live = await consoles.follow(vm, tailBytes, clientLeft(request, reply));
    return sendPieces(reply.type("application/octet-stream"), live);
  });
};
