/** Children of a VM that runs. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { ForkAnswer, ForkRequest } from "@alcove/api";
import { type LiveForkDeps, liveFork, type LiveForked } from "#core/fork/live-fork.ts";
import type { VmRecord } from "#core/vm/vm.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import { toProblem } from "../problem.ts";
import { receiptOf } from "./receipt.ts";

export interface ForkParts {
  readonly forking: LiveForkDeps;
}

const DEFAULT_WAIT_MS = 60_000;

export const fork: FastifyPluginAsyncTypebox<ForkParts> = async (app, { forking }) => {
  jsonBodies(app);
  const route = {
    schema: {
      params: Type.Object({ hostname: Type.String() }),
      body: ForkRequest,
      response: { 200: ForkAnswer },
    },
    config: { access: "vm:operate" },
  } as const;
  app.post("/vms/:hostname/fork", route, async (request, reply) => {
    const source = forking.vms.get(request.params.hostname);
    const left = clientLeft(request, reply);
    const forked = await liveFork(forking, { source, order: orderOf(request.body) }, left);
    return answerOf(source.record, forked);
  });
};

function orderOf(body: ForkRequest) {
  const { network, wait = "agent", timeout_ms: timeoutMs = DEFAULT_WAIT_MS } = body;
  return {
    count: body.count ?? 1,
    tags: body.tags ?? [],
    tagMode: body.tag_mode ?? "append",
    secrets: body.secrets,
    persistent: body.persistent,
    network: network && { allow: network.allow, drop: network.drop },
    waitMs: wait === "none" ? undefined : timeoutMs,
  };
}

function answerOf({ hostname }: VmRecord, { pauseMs, children, failures }: LiveForked): ForkAnswer {
  return {
    source: hostname,
    pause_ms: Math.round(pauseMs * 10) / 10,
    children: children.map(({ record }) => childOf(record)),
    failures: failures.map((error) => {
      const { code, message } = toProblem(error);
      return { code, message };
    }),
  };
}

function childOf({ hostname, address, spec, kind, receipt }: VmRecord) {
  return {
    hostname,
    tags: [...spec.tags],
    persistent: kind !== "sandbox",
    ...(address === undefined ? {} : { ip: address }),
    ...(receipt === undefined ? {} : { receipt: receiptOf(receipt) }),
  };
}
