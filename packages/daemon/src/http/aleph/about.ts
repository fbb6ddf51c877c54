/** What the node tells of itself and of what it runs. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";

import { parseItemHash } from "#core/aleph/item-hash.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { isOfOtherPages, isOfScripts } from "../origins.ts";
import { sendCompact, sendJson } from "./answers.ts";
import { dumped, listed, listedFully, recorded } from "./execution-wire.ts";
import { callerOf } from "./guard.ts";
import { capabilityWire, usageWire } from "./node-wire.ts";
import type { AlephParts } from "./parts.ts";
import { parameter } from "./query.ts";
import { PUBLIC } from "./route-rule.ts";

const OPERATOR = { rule: { who: "operator", cors: true } } as const;

export const about: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { executions, hostPorts, report, settings } = parts;

  app.get("/about/executions/list", { config: PUBLIC }, async (_request, reply) => {
    const shown = executions.list().filter((it) => it.running || it.awaitingConfidentialInit);
    return sendJson(reply, byHash(shown, listed));
  });

  app.get("/v2/about/executions/list", { config: PUBLIC }, async (request, reply) => {
    const isAll = parameter(request, "all") === "true";
    const shown = executions.list().filter(({ record }) => isAll || record.ended === undefined);
    const host = hostPorts.address();
    return sendJson(
      reply,
      byHash(shown, (it) => listedFully(it, host)),
    );
  });

  app.get("/about/executions/details", { config: OPERATOR }, async (request, reply) => {
    await demandOperator(request, reply, parts);
    const ref = parameter(request, "ref");
    if (ref === undefined) {
      const pool = executions.list().filter(({ record }) => record.ended === undefined);
      return sendJson(reply, [byHash(pool, dumped)]);
    }
    const hash = parseItemHash(ref);
    const one = hash === undefined ? undefined : executions.find(hash);
    if (!one) throw new Refusal("not found", `No virtual machine with ref ${ref}`);
    return sendJson(reply, [byHash([one], dumped)]);
  });

  app.get("/about/executions/records", { config: PUBLIC }, async (request, reply) => {
    const isActive = settings.strictReference || parameter(request, "active") === "true";
    const rows = executions.records().filter(({ ended }) => !isActive || ended === undefined);
    return sendJson(reply, rows.map(recorded));
  });

  app.get("/about/usage/system", { config: PUBLIC }, async (_request, reply) =>
    sendCompact(reply, usageWire(await report.usage())),
  );

  app.get("/about/capability", { config: PUBLIC }, async (_request, reply) =>
    sendCompact(reply, capabilityWire(await report.capability())),
  );

  app.get("/about/config", { config: OPERATOR }, async (request, reply) => {
    await demandOperator(request, reply, parts);
    return sendJson(reply, settings.shown);
  });
};

/**
 * The login's cookie, or an administrator's credentials. Programs of strangers answer at the same origin: the cookie
 * counts for what the operator opens, not for what a page asks for or holds on to.
 */
async function demandOperator(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: AlephParts,
): Promise<void> {
  const { authorization, cookie } = request.headers;
  if (authorization || request.headers["x-auth-signature"])
    await callerOf(request, reply, parts, "scheduler");
  else {
    const isAsked = isOfOtherPages(request.headers) || isOfScripts(request.headers);
    parts.login.demandCookie(isAsked ? undefined : cookie);
    void reply.headers({
      "cross-origin-opener-policy": "same-origin",
      "cache-control": "no-store",
    });
  }
}

function byHash<T extends { readonly record: { readonly vmHash: string } }>(
  views: readonly T[],
  written: (view: T) => object,
): object {
  return Object.fromEntries(views.map((view) => [view.record.vmHash, written(view)] as const));
}
