/** What guests use: the meters of one VM or of all. Contract A10, A11. */

import type { IncomingHttpHeaders } from "node:http";

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { readMeters } from "#core/exec/meter.ts";

import { clientLeft } from "../client-left.ts";
import type { SlicerParts } from "./parts.ts";
import { meteredOf } from "./wire.ts";

export const stats: FastifyPluginAsyncTypebox<SlicerParts> = async (app, parts) => {
  const { vms, about, goStats } = parts;

  app.get("/nodes/stats", { config: { access: "vm:read" } }, async (request, reply) => {
    const readings = await readMeters(vms.list(), clientLeft(request, reply));
    return readings.map((reading) => meteredOf(reading, about));
  });

  const one = {
    schema: { params: Type.Object({ hostname: Type.String() }) },
    config: { access: "vm:read" },
  } as const;
  app.get("/node/:hostname/stats", one, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    const readings = await readMeters([vm], clientLeft(request, reply));
    const metered = readings.map((reading) => meteredOf(reading, about));
    return goStats === "on" && isGoClient(request.headers) ? metered : metered[0];
  });
};

/**
 * Slicer's Go SDK reads a list where everybody else reads an object. It can be told by its headers:
 * no Accept, which browsers, fetch and curl always send, and gzip alone, which Node never asks for.
 */
function isGoClient(headers: IncomingHttpHeaders): boolean {
  return headers.accept === undefined && headers["accept-encoding"] === "gzip";
}
