/** A disk that an owner brings back: as an upload that is taken as it comes, or by the name of a file of the network. */

import multipart from "@fastify/multipart";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";

import type { RestoreSource } from "#core/aleph/backup/backups.ts";
import { parseItemHash } from "#core/aleph/item-hash.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { sendJson } from "./answers.ts";
import { admitted, type ByRef } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { isBodyRead, jsonBody } from "./request-body.ts";
import { OWNER } from "./route-rule.ts";

const EXPECTED = "Expected multipart upload or JSON with volume_ref";

export const restore: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  // How long a file may be is said by who takes it, piece by piece.
  await app.register(multipart, {
    limits: { fileSize: Number.MAX_SAFE_INTEGER, files: 1, parts: 8 },
  });

  app.post<ByRef>("/control/machine/:ref/restore", { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    await parts.backups.restore(hash, await sourceOf(request, reply), left);
    return sendJson(reply, { status: "restored", vm_hash: hash });
  });
};

async function sourceOf(request: FastifyRequest, reply: FastifyReply): Promise<RestoreSource> {
  if (request.isMultipart()) return await upload(request);
  const type = request.headers["content-type"] ?? "";
  if (!type.includes("json")) throw new Refusal("bad request", EXPECTED);
  const body = new Map<string, unknown>(Object.entries(Object(await jsonBody(request, reply))));
  const ref = body.get("volume_ref");
  if (ref === undefined || ref === null || ref === "")
    throw new Refusal("bad request", "Missing volume_ref in JSON body");
  const hash = typeof ref === "string" ? parseItemHash(ref) : undefined;
  if (hash === undefined) throw new Refusal("bad request", "Invalid volume_ref format");
  return { kind: "volume", ref: hash };
}

async function upload(request: FastifyRequest): Promise<RestoreSource> {
  if (isBodyRead(request)) {
    const words = "An upload cannot be signed together with its body: use the operator's headers";
    throw new Refusal("bad request", words);
  }
  for await (const part of partsOf(request)) {
    if (part.type === "file" && part.fieldname === "rootfs")
      return { kind: "upload", content: part.file };
    if (part.type === "file") part.file.resume();
  }
  throw new Refusal("bad request", "Missing 'rootfs' field in multipart upload");
}

async function* partsOf(request: FastifyRequest) {
  try {
    yield* request.parts();
  } catch (cause) {
    throw new Refusal("bad request", EXPECTED, { cause });
  }
}
