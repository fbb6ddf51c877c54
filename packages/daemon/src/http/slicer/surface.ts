/** The Slicer REST API. Words and shapes only: what a VM may do is the core's. */

import type { FastifyPluginAsync } from "fastify";

import type { Log } from "#core/ports/log.ts";

import { answerErrors } from "../errors.ts";
import { refuseOtherMethods, refuseUnknownRoutes, watchRoutes } from "../methods.ts";
import { describeRoutes } from "../operation.ts";
import type { Problem } from "../problem.ts";
import { commits } from "./commits.ts";
import { describe } from "./describe.ts";
import { guestRoutes } from "./guest-routes.ts";
import { host } from "./host.ts";
import { nodes } from "./nodes.ts";
import { slicerOperations } from "./operations.ts";
import type { SlicerParts } from "./parts.ts";
import { secrets } from "./secrets.ts";
import { stats } from "./stats.ts";
import { suspend } from "./suspend.ts";
import { tags } from "./tags.ts";
import { vm } from "./vm.ts";

const PLUGINS = [host, nodes, stats, describe, vm, suspend, commits, tags, ...guestRoutes, secrets];

export function slicer(parts: SlicerParts, log: Log): FastifyPluginAsync {
  return async (app) => {
    const routes = watchRoutes(app);
    refuseUnknownRoutes(app);
    describeRoutes(app, slicerOperations);
    answerErrors(app, log, wordsOf);
    for (const plugin of PLUGINS) await app.register(plugin, parts);
    refuseOtherMethods(app, routes);
  };
}

/** Go's client matches on this phrase to fall back from a file to a directory. */
function wordsOf({ message, details }: Problem): string {
  const isDirectory = "reason" in details && details.reason === "is_directory";
  return isDirectory ? `must specify a file not a directory: ${message}` : message;
}
