/** Alcove's own API, below /v1. */

import type { FastifyPluginAsync } from "fastify";

import type { Log } from "#core/ports/log.ts";

import { answerErrors } from "../errors.ts";
import { refuseOtherMethods, refuseUnknownRoutes, watchRoutes } from "../methods.ts";
import { describeRoutes } from "../operation.ts";
import { alephOperations } from "./aleph-operations.ts";
import { aleph, type AlephParts } from "./aleph.ts";
import { type EventParts, eventRoutes } from "./events.ts";
import { groupRoutes } from "./groups.ts";
import { type HostParts, hostRoutes } from "./host.ts";
import { type MeterParts, meterRoutes } from "./meters.ts";
import { type ImageParts, images } from "./images.ts";
import { nativeOperations } from "./operations.ts";
import { type PoolParts, poolRoutes } from "./pools.ts";
import { session, type SessionParts } from "./session.ts";
import { templates, type TemplateParts } from "./templates.ts";
import { type VmRouteParts, vmRoutes } from "./vm-routes.ts";

export interface NativeParts
  extends
    AlephParts,
    EventParts,
    HostParts,
    ImageParts,
    MeterParts,
    PoolParts,
    SessionParts,
    TemplateParts,
    VmRouteParts {}

export function native(parts: NativeParts, log: Log): FastifyPluginAsync {
  return async (root) => {
    await root.register(
      async (app) => {
        const table = watchRoutes(app);
        refuseUnknownRoutes(app);
        describeRoutes(app, nativeOperations);
        describeRoutes(app, alephOperations);
        answerErrors(app, log, ({ message }) => message);
        await app.register(aleph, parts);
        await app.register(hostRoutes, parts);
        await app.register(groupRoutes, parts);
        await app.register(meterRoutes, parts);
        await app.register(eventRoutes, parts);
        await app.register(poolRoutes, parts);
        await app.register(images, parts);
        await app.register(templates, parts);
        await app.register(session, parts);
        await app.register(vmRoutes, parts);
        refuseOtherMethods(app, table);
      },
      { prefix: "/v1" },
    );
  };
}
