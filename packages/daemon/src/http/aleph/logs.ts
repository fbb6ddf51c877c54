/** All that is kept of what a VM has said, as one JSON list in journald's words. */

import type { FastifyPluginAsync } from "fastify";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { LogLine } from "#core/aleph/ports/run-logs.ts";

import { sendPieces } from "../streamed.ts";
import { admitted, type ByRef } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { pythonJson } from "./python-json.ts";
import { aware } from "./python-text.ts";
import { OWNER } from "./route-rule.ts";

export const logs: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  app.get<ByRef>("/control/machine/:ref/logs", { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts, noLogs);
    void reply.type("application/json");
    return sendPieces(reply, listed(hash, parts.logs.past(hash, left)));
  });
};

function noLogs(): string {
  return "No execution found for this VM";
}

async function* listed(
  hash: ItemHash,
  lines: AsyncIterable<LogLine>,
): AsyncGenerator<string, undefined> {
  let before = "[";
  for await (const { at, stream, text } of lines) {
    const entry = {
      SYSLOG_IDENTIFIER: `vm-${hash}-${stream}`,
      MESSAGE: text,
      file: stream,
      __REALTIME_TIMESTAMP: aware(at),
    };
    yield before + pythonJson(entry);
    before = ",\n";
  }
  yield before === "[" ? "[]" : "]";
  return undefined;
}
