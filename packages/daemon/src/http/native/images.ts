/** Images: which there are, one more, one less, and the making of them. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { type Image, ImageList, ImageOrder, ImageWork, RemovedImage } from "@alcove/api";
import type { ImageWork as Work } from "#core/image/image-works.ts";
import type { ImageAccount, Images } from "#core/image/images.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";

export interface ImageParts {
  readonly imageDesk: Images;
}

export const images: FastifyPluginAsyncTypebox<ImageParts> = async (app, { imageDesk: desk }) => {
  jsonBodies(app);
  const list = {
    schema: { response: { 200: ImageList } },
    config: { access: "host:read" },
  } as const;
  app.get("/images", list, async (request, reply) => {
    const overview = await desk.overview(clientLeft(request, reply));
    const { enabled, recipes, importDirectory: directory, brought } = overview;
    return {
      enabled,
      images: overview.images.map(imageOf),
      recipes: [...recipes],
      imports: {
        directory,
        disks: brought.map(({ file, sizeBytes }) => ({ file, bytes: sizeBytes })),
      },
      works: overview.works.map(workOf),
    };
  });

  const make = {
    schema: { body: ImageOrder, response: { 202: ImageWork } },
    config: { access: "host:operate" },
  } as const;
  app.post("/images", make, async ({ body }, reply) => {
    const { recipe, fresh = false, name, file, kernel, root: rootDevice } = body;
    const work = await desk.order({ recipe, fresh, name, file, kernel, rootDevice });
    return reply.code(202).send(workOf(work));
  });

  const remove = {
    schema: {
      params: Type.Object({ reference: Type.String() }),
      response: { 200: RemovedImage },
    },
    config: { access: "host:operate" },
  } as const;
  app.delete("/images/:reference", remove, async (request, reply) => {
    const signal = clientLeft(request, reply);
    const { id, name, freedBytes } = await desk.remove(request.params.reference, signal);
    return { id, name, freed_bytes: freedBytes };
  });

  const cancel = {
    schema: { params: Type.Object({ id: Type.String() }), response: { 200: ImageWork } },
    config: { access: "host:operate" },
  } as const;
  app.delete("/images/works/:id", cancel, async ({ params }) => workOf(desk.cancel(params.id)));
};

function imageOf({ stored, usedBy }: ImageAccount): Image {
  const { manifest, named, allocatedBytes } = stored;
  const { id, kind, name, createdAt, kernel } = manifest;
  const base = {
    id,
    kind,
    name,
    named,
    built_at: createdAt,
    disk_bytes: allocatedBytes,
    kernel: { name: kernel.name, release: kernel.release },
    used_by: [...usedBy],
  };
  if (manifest.kind === "kernel") return base;
  const { init, agentVersion, defaultUser, rootfs, packages } = manifest;
  return {
    ...base,
    init,
    ...(agentVersion === null ? {} : { agent_version: agentVersion }),
    ...(defaultUser === null ? {} : { default_user: defaultUser }),
    root_bytes: rootfs.virtualSizeBytes,
    ...(packages.length === 0 ? {} : { packages: packages.length }),
  };
}

function workOf({ id, order, askedAt, begunAt, progress, end }: Work): ImageWork {
  return {
    id,
    what: order.what,
    name: order.name,
    state: end?.state ?? (begunAt === undefined ? "waiting" : "working"),
    ...progress,
    asked_at: askedAt.toISOString(),
    ...(begunAt === undefined ? {} : { begun_at: begunAt.toISOString() }),
    ...(end === undefined ? {} : { ended_at: end.at.toISOString() }),
    ...endOf(end),
  };
}

function endOf(end: Work["end"]): Pick<ImageWork, "image" | "outcome" | "error"> {
  if (end?.state === "done") return { image: end.made.manifest.id, outcome: end.made.outcome };
  if (end?.state !== "failed") return {};
  return { error: { code: end.code, message: end.message } };
}
