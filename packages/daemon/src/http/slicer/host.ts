/** The daemon itself and its host groups. Contract A1, A2, A5. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";

import type { SlicerParts } from "./parts.ts";
import { hostGroupOf, infoOf } from "./wire.ts";

export const host: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { about, groups }) => {
  app.get("/info", { config: { access: "host:read" } }, async () => infoOf(about));
  app.get("/healthz", { config: { access: "open" } }, async () => ({ status: "ok" }));
  app.get("/hostgroup", { config: { access: "host:read" } }, async () =>
    groups.all().map((group) => hostGroupOf(group, about)),
  );
};
