/** The platform's certificates, as a file: owners make sessions of them. */

import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

import type { FastifyPluginAsync, FastifyReply } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import type { AlephParts } from "./parts.ts";
import { PUBLIC } from "./route-rule.ts";

const TAG_DIGITS = 32;

export const certificates: FastifyPluginAsync<AlephParts> = async (app, { confidential }) => {
  const since = new Date().toUTCString();

  app.get("/about/certificates", { config: PUBLIC }, async (request, reply) => {
    if (!confidential) {
      const words = "Confidential computing setting not enabled on that server";
      throw new Refusal("unavailable", words);
    }
    const { backend } = confidential;
    const bytes = Buffer.from(await backend.certificates(clientLeft(request, reply)));
    const digest = createHash("sha256").update(bytes).digest("hex");
    const tag = `"${digest.slice(0, TAG_DIGITS)}"`;
    void reply.headers({ etag: tag, "last-modified": since, "accept-ranges": "bytes" });
    // Nobody shall take the play for the processor's word.
    if (backend.kind === "simulated") void reply.header("x-confidential-backend", "simulated");
    if (isKnown(request.headers, tag, since)) return reply.code(304).send();
    return sendRange(reply.type("application/octet-stream"), bytes, request.headers.range);
  });
};

/** Whether the client has them already: it says so by their tag, or else by their time. */
function isKnown(headers: IncomingHttpHeaders, tag: string, since: string): boolean {
  const tags = headers["if-none-match"];
  if (tags === undefined)
    return Date.parse(headers["if-modified-since"] ?? "") >= Date.parse(since);
  return tags.split(",").some((it) => ["*", tag].includes(it.trim().replace(/^W\//, "")));
}

/** @param range of one piece; what is none asks for everything */
function sendRange(reply: FastifyReply, bytes: Buffer, range: string | undefined): FastifyReply {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(range ?? "");
  const [, from = "", to = ""] = asked ?? [];
  if (!asked || (from === "" && to === "")) return reply.send(bytes);
  const first = from === "" ? Math.max(0, bytes.length - Number(to)) : Number(from);
  const last = from === "" || to === "" ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
  if (first > last)
    return reply.code(416).header("content-range", `bytes */${bytes.length}`).send("");
  void reply.code(206).header("content-range", `bytes ${first}-${last}/${bytes.length}`);
  return reply.send(bytes.subarray(first, last + 1));
}
