/** Secrets: kept by the host, given to guests as files in their memory. Contract A14. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import type { SecretFacts } from "#core/ports/secret-vault.ts";
import { SecretBytes } from "#core/secrets/secret-bytes.ts";
import { MAX_SECRET_BYTES, type SecretChange } from "#core/secrets/secrets.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import type { SlicerParts } from "./parts.ts";

const params = Type.Object({ name: Type.String() });
const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const Id = Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]));
const Change = Type.Object({ data: Text, permissions: Text, uid: Id, gid: Id });
const Create = Type.Object({ ...Change.properties, name: Text });

/** base64 with its line ends, and the rest of the object */
const BODY_BYTES = 2 * MAX_SECRET_BYTES;
const BASE64 = /^[A-Za-z0-9+/]*$/;

export const secrets: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { secrets: vault }) => {
  jsonBodies(app);
  const writes = { bodyLimit: BODY_BYTES, config: { access: "host:operate" } } as const;

  app.get("/secrets", { config: { access: "host:read" } }, async () =>
    (await vault.list()).map(secretOf),
  );

  app.post("/secrets", { ...writes, schema: { body: Create } }, async (request, reply) => {
    const { name, data } = request.body;
    if (!name) throw invalidRequest("name", "is required");
    const content = contentOf(data ?? missingData());
    await vault.create({ ...changeOf(request.body), name, content }, clientLeft(request, reply));
    return reply.code(201).send();
  });

  const change = { ...writes, schema: { params, body: Change } };
  app.patch("/secrets/:name", change, async (request, reply) => {
    await vault.change(request.params.name, changeOf(request.body), clientLeft(request, reply));
    return reply.code(200).send();
  });

  const remove = { schema: { params }, config: { access: "host:operate" } } as const;
  app.delete("/secrets/:name", remove, async (request, reply) => {
    await vault.remove(request.params.name, clientLeft(request, reply));
    return reply.code(200).send();
  });
};

/** Both names of its time are read: the seed's own, and the SDKs'. */
function secretOf({ name, sizeBytes, mode, uid, gid, modifiedAt }: SecretFacts): object {
  const permissions = mode.toString(8).padStart(4, "0");
  const time = modifiedAt.toISOString();
  return { name, size: sizeBytes, permissions, uid, gid, mod_time: time, modified_at: time };
}

/** Go's client always sends `data`: empty leaves the content as it is. */
function changeOf({ data, permissions, uid, gid }: Static<typeof Change>): SecretChange {
  return {
    content: data ? contentOf(data) : undefined,
    mode: permissions ? modeOf(permissions) : undefined,
    uid: uid ?? undefined,
    gid: gid ?? undefined,
  };
}

function modeOf(text: string): number {
  const digits = /^(?:0o|0)?([0-7]{1,3})$/.exec(text)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  throw invalidRequest("permissions", "must be octal permission bits, such as 0600");
}

function missingData(): never {
  throw invalidRequest("data", "is required, as standard base64");
}

/** Standard base64, with or without padding; line ends are passed over, as Go does. */
function contentOf(data: string): SecretBytes {
  const text = data.replaceAll(/[\r\n]/g, "");
  const digits = text.replace(/={1,2}$/, "");
  const padded = digits.length !== text.length;
  const whole = padded ? text.length % 4 === 0 : digits.length % 4 !== 1;
  if (!whole || !BASE64.test(digits)) throw invalidRequest("data", "is not standard base64");
  return new SecretBytes(Buffer.from(digits, "base64"));
}
