/** Templates: which there are, one more, one less. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { Template, TemplateList, TemplateOrder, TemplateWork } from "@alcove/api";
import type { TemplateAccount, TemplateDesk } from "#core/template/template-desk.ts";
import type { TemplateWork as Work } from "#core/template/template-works.ts";
import type { TemplateShape } from "#core/template/template.ts";
import { MIB } from "#lib/bytes.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";

export interface TemplateParts {
  readonly desk: TemplateDesk;
}

const STATUS = { there: 200, built: 201 } as const;

export const templates: FastifyPluginAsyncTypebox<TemplateParts> = async (app, { desk }) => {
  jsonBodies(app);
  const list = {
    schema: { response: { 200: TemplateList } },
    config: { access: "host:read" },
  } as const;
  app.get("/templates", list, async () => ({
    enabled: desk.enabled,
    templates: desk.list().map(templateOf),
    under_way: desk.underWay().map(workOf),
  }));

  const build = {
    schema: {
      body: TemplateOrder,
      response: { 200: Template, 201: Template, 202: TemplateWork },
    },
    config: { access: "host:operate" },
  } as const;
  app.post("/templates", build, async (request, reply) => {
    const { group, image, vcpus, memory_bytes: memoryBytes, wait = true } = request.body;
    const order = { group, image, vcpus, memoryBytes };
    const ordered = await desk.order(order, wait, clientLeft(request, reply));
    if (ordered.is === "under way") return reply.code(202).send(workOf(ordered.work));
    return reply.code(STATUS[ordered.is]).send(templateOf(ordered.template));
  });

  const remove = {
    schema: { params: Type.Object({ id: Type.String() }), response: { 200: Template } },
    config: { access: "host:operate" },
  } as const;
  app.delete("/templates/:id", remove, async ({ params }) =>
    templateOf(await desk.remove(params.id)),
  );
};

function templateOf({ template, ...account }: TemplateAccount): Template {
  const { id, imageId, imageName, kernel, shape, sizeBytes, builtAt } = template;
  const { layerBytes, heldBytes, lastUsedAt, vms } = account;
  return {
    id,
    ...shapeOf(imageName, shape),
    image_id: imageId,
    kernel,
    state_bytes: sizeBytes,
    layer_bytes: layerBytes,
    held_bytes: heldBytes,
    built_at: builtAt.toISOString(),
    ...(lastUsedAt === undefined ? {} : { last_used_at: lastUsedAt.toISOString() }),
    vms,
  };
}

function workOf({ imageName, shape, since, isBuilding }: Work): TemplateWork {
  const state = isBuilding ? "building" : "waiting";
  return { ...shapeOf(imageName, shape), state, since: since.toISOString() };
}

function shapeOf(image: string, { vcpus, memoryMiB, diskBytes, network }: TemplateShape) {
  return { image, vcpus, memory_bytes: memoryMiB * MIB, disk_bytes: diskBytes, network };
}
