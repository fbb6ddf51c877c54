/** Small forms, whole: texts and files alike are texts, with or without a file name. */

import type { FastifyReply, FastifyRequest } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";

import { wholeBody } from "./request-body.ts";

const MULTIPART = /^multipart\/form-data/i;

/** @returns fields by name, the last of each; empty for a body that is no form. @throws Refusal */
export async function formOf(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ReadonlyMap<string, string>> {
  const bytes = await wholeBody(request, reply);
  const type = request.headers["content-type"] ?? "";
  if (!MULTIPART.test(type)) return new Map(new URLSearchParams(bytes.toString("utf8")));
  const fields = new Map<string, string>();
  try {
    const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
    for (const [name, value] of form.entries())
      fields.set(name, typeof value === "string" ? value : await value.text());
  } catch (cause) {
    throw new Refusal("bad request", "The form cannot be read: it is no multipart/form-data", {
      cause,
    });
  }
  return fields;
}
