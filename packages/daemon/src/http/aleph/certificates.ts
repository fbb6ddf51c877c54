/** The platform's certificates, as a file: owners make sessions of them. */

import { createHash } from "node:crypto";

import type { FastifyPluginAsync } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import type { AlephParts } from "./parts.ts";
import { PUBLIC } from "./route-rule.ts";

export const certificates: FastifyPluginAsync<AlephParts> = async (app, { confidential }) => {
  const since = new Date().toUTCString();

  app.get("/about/certificates", { config: PUBLIC }, async (request, reply) => {
    if (!confidential) {
      const words = "Confidential computing setting not enabled on that server";
      throw new Refusal("unavailable", words);
    }
    const bytes = await confidential.backend.certificates(clientLeft(request, reply));
    const tag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
    void reply.header("etag", tag).header("last-modified", since);
    if (request.headers["if-none-match"] === tag) return reply.code(304).send();
    return reply.type("application/octet-stream").send(Buffer.from(bytes));
  });
};
