/** What administrators have made anew on the host. */

import type { FastifyPluginAsync } from "fastify";

import { clientLeft } from "../client-left.ts";
import { sendJson } from "./answers.ts";
import { callerOf } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { SCHEDULER } from "./route-rule.ts";

export const maintenance: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { log, networks, proxy } = parts;

  app.post("/control/network/recreate", { config: SCHEDULER }, async (request, reply) => {
    await callerOf(request, reply, parts, "scheduler");
    try {
      const done = await networks.recreate(clientLeft(request, reply));
      const answer = {
        success: done.failed.length === 0,
        removed_chains_count: done.removed.length,
        removed_chains: done.removed,
        recreated_count: done.recreated.length,
        failed_count: done.failed.length,
        recreated_vms: done.recreated,
        failed_vms: done.failed.map(({ vmHash, error }) => ({ vm_hash: vmHash, error })),
      };
      return sendJson(reply, answer, answer.success ? 200 : 207);
    } catch (error) {
      log.error("aleph.network.failed", { error });
      const words = `Failed to recreate networks: ${reasonOf(error)}`;
      return sendJson(reply, { success: false, error: words }, 500);
    }
  });

  app.post("/control/proxy/regenerate", { config: SCHEDULER }, async (request, reply) => {
    await callerOf(request, reply, parts, "scheduler");
    try {
      await proxy.regenerate(clientLeft(request, reply));
      const message = "HAProxy configuration regenerated successfully";
      return sendJson(reply, { success: true, message });
    } catch (error) {
      log.error("aleph.proxy.failed", { error });
      const words = `Failed to regenerate HAProxy configuration: ${reasonOf(error)}`;
      return sendJson(reply, { success: false, error: words }, 500);
    }
  });
};

/** for administrators only */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
