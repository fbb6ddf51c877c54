/** Whether the node is well, what it is set up to do, and what stands in front of it. */

import type { FastifyPluginAsync } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import { sendJson, sendText } from "./answers.ts";
import { statusConfigWire } from "./node-wire.ts";
import type { AlephParts } from "./parts.ts";
import { parameter } from "./query.ts";
import { PUBLIC } from "./route-rule.ts";

export const status: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { checks, proxy, report, settings } = parts;

  app.get("/status/check/fastapi", { config: PUBLIC }, async (request, reply) => {
    const isOld = parameter(request, "retro-compatibility")?.toLowerCase() === "true";
    const left = clientLeft(request, reply);
    const { results, isWell } = await checks.fastapi(isOld ? "compatible" : "current", left);
    return sendJson(reply, results, isWell ? 200 : 503);
  });

  app.get("/status/check/fastapi/legacy", { config: PUBLIC }, async (request, reply) => {
    const { results, isWell } = await checks.fastapi("legacy", clientLeft(request, reply));
    return sendJson(reply, results, isWell ? 200 : 503);
  });

  app.get("/status/check/host", { config: PUBLIC }, async (request, reply) => {
    const { ipv4, ipv6, isWell } = await checks.host(clientLeft(request, reply));
    return sendJson(reply, { ipv4, ipv6 }, isWell ? 200 : 503);
  });

  app.get("/status/check/version", { config: PUBLIC }, async (request, reply) => {
    const reference = parameter(request, "reference");
    if (!reference && settings.strictReference)
      throw new Refusal("bad request", "Query field '?reference=` must be specified");
    const words = checks.version(reference || undefined);
    const asJson = request.headers.accept?.includes("application/json") === true;
    return !reference && asJson ? sendJson(reply, { version: words }) : sendText(reply, words);
  });

  app.get("/status/check/ipv6", { config: PUBLIC }, async (request, reply) => {
    const { host, vm } = await checks.ipv6(clientLeft(request, reply));
    return sendJson(reply, { host, vm });
  });

  app.get("/status/config", { config: PUBLIC }, async (_request, reply) =>
    sendJson(reply, statusConfigWire(report.statusConfig())),
  );

  app.get("/debug/haproxy", { config: PUBLIC }, async (request, reply) => {
    const view = await proxy.debug(clientLeft(request, reply));
    if (view) return sendJson(reply, { status: "ok", mappings: view.mappings, stats: view.stats });
    const none = { status: "no socket" };
    if (settings.strictReference) throw new Refusal("not found", "no socket", { body: none });
    return sendJson(reply, { error: "no socket", ...none }, 404);
  });
};
