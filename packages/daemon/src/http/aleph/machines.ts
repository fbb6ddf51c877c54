/** What owners do with their VMs. */

import type { FastifyPluginAsync } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";

import { sendText } from "./answers.ts";
import { timeoutOf } from "./expiry.ts";
import { admitted, type ByRef } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { floatText } from "./python-text.ts";
import { parameter } from "./query.ts";
import { OWNER } from "./route-rule.ts";

const AT = "/control/machine/:ref";

export const machines: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { executions, settings } = parts;

  app.post<ByRef>(`${AT}/stop`, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    const done = await executions.stop(hash, left);
    const isLate = done === "was not running";
    return sendText(
      reply,
      isLate ? "Already stopped, nothing to do" : `Stopped VM with ref ${hash}`,
    );
  });

  app.post<ByRef>(`${AT}/erase`, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    await executions.erase(hash, left);
    return sendText(reply, `Erased VM with ref ${hash}`);
  });

  app.post<ByRef>(`${AT}/reboot`, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    const done = await executions.reboot(hash, left);
    const verb = done === "rebooted" ? "Rebooted VM" : "Starting VM (was not running)";
    return sendText(reply, `${verb} with ref ${hash}`);
  });

  app.post<ByRef>(`${AT}/reinstall`, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    const volumes = parameter(request, "erase_volumes") === "false" ? "keep" : "remove";
    await executions.reinstall(hash, { volumes }, left);
    return sendText(reply, `Reinstalled VM with ref ${hash}`);
  });

  app.post<ByRef>(`${AT}/expire`, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    const seconds = settings.strictReference ? undefined : await timeoutOf(request, reply);
    if (seconds === undefined) throw new Refusal("bad request", "Invalid timeout duration");
    await executions.expire(hash, seconds, left);
    return sendText(reply, `Expiring VM with ref ${hash} in ${floatText(seconds)} seconds`);
  });
};
