/** Machines made ahead of VMs: how many wait, and what became of requests for them. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { Pool } from "@alcove/api";
import type { Pools, PoolState } from "#core/pool/pools.ts";

export interface PoolParts {
  readonly pools: Pick<Pools, "list">;
}

export const poolRoutes: FastifyPluginAsyncTypebox<PoolParts> = async (app, { pools }) => {
  const list = {
    schema: { response: { 200: Type.Array(Pool) } },
    config: { access: "host:read" },
  } as const;
  app.get("/pools", list, async () => pools.list().map(poolOf));
};

function poolOf({ memoryBytes, problem, ...counts }: PoolState): Pool {
  const pool = { ...counts, memory_bytes: memoryBytes };
  return problem === undefined ? pool : { ...pool, problem };
}
