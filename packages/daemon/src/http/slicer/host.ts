/** The daemon itself and its host groups. Contract A1, A2, A5, B7. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";

import type { SlicerParts } from "./parts.ts";
import { hostGroupOf, infoOf, nodeOf } from "./wire.ts";

export const host: FastifyPluginAsyncTypebox<SlicerParts> = async (app, parts) => {
  const { about, groups, vms, stop } = parts;
  app.get("/info", { config: { access: "host:read" } }, async () => infoOf(about));
  app.get("/healthz", { config: { access: "open" } }, async () => ({ status: "ok" }));
  app.get("/hostgroup", { config: { access: "host:read" } }, async () =>
    groups.all().map((group) => hostGroupOf(group, about)),
  );
  // What k3sup-pro reads: the machines of this host.
  app.get("/devices", { config: { access: "vm:read" } }, async () =>
    vms.list().map((vm) => nodeOf(vm.record, about)),
  );
  app.post("/daemon/shutdown", { config: { access: "host:operate" } }, async (_, reply) => {
    reply.raw.once("close", stop); // the answer leaves first, or its client has
    return reply.code(202).send();
  });
};
