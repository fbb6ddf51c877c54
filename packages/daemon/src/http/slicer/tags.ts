/** Tags of one VM. Contract B5. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import type { TagChange } from "#core/vm/tags.ts";

import { jsonBodies } from "../bodies.ts";
import type { SlicerParts } from "./parts.ts";

const params = Type.Object({ hostname: Type.String() });
/** Go's client writes a list that it was not given as null. */
const Tags = Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()]));
const Change = Type.Object({ add: Tags, remove: Tags, replace: Tags });

export const tags: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  jsonBodies(app);

  const read = { schema: { params }, config: { access: "vm:read" } } as const;
  app.get("/vm/:hostname/tags", read, async ({ params: { hostname } }) => ({
    hostname,
    tags: vms.get(hostname).record.spec.tags,
  }));

  const change = { schema: { params, body: Change }, config: { access: "vm:operate" } } as const;
  app.patch("/vm/:hostname/tags", change, async ({ params: { hostname }, body }) => ({
    hostname,
    tags: vms.retag(vms.get(hostname), changeOf(body)),
  }));
};

function changeOf({ add, remove, replace }: Static<typeof Change>): TagChange {
  if (!replace) return { kind: "edit", add: add ?? [], remove: remove ?? [] };
  if (!add && !remove) return { kind: "replace", tags: replace };
  throw invalidRequest("replace", "give either replace, or add and remove");
}
