/** Files of a guest by name: look, list, make a directory, remove. Contract B9. */

import { Readable } from "node:stream";

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";

import { agentOf } from "#core/exec/guest-work.ts";
import type { GuestEntry } from "#core/ports/guest-files.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import type { SlicerParts } from "./parts.ts";
import { flag, One, pathOf, permissionBits } from "./query.ts";

const params = Type.Object({ hostname: Type.String() });
const AtPath = Type.Object({ path: One });
/** In a body null is what absent is, as to Slicer's own decoder. */
const MakeDirectory = Type.Object({
  path: One,
  recursive: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  mode: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

const NEW_DIRECTORY_MODE = 0o755;
const read = { schema: { params, querystring: AtPath }, config: { access: "vm:use" } } as const;

export const fs: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  jsonBodies(app);

  app.get("/vm/:hostname/fs/stat", read, async (request, reply) => {
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(request.params.hostname), left);
    return entryOf(await agent.stat({ path: pathOf(request.query.path), user: "default" }, left));
  });

  // A directory can be larger than memory: its list goes out as it comes in.
  const list = { ...read, exposeHeadRoute: false };
  app.get("/vm/:hostname/fs/readdir", list, async (request, reply) => {
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(request.params.hostname), left);
    const at = { path: pathOf(request.query.path), user: "default" } as const;
    const entries = await agent.readDirectory(at, left);
    return reply
      .type("application/json")
      .send(Readable.from(jsonList(entries), { objectMode: false }));
  });

  const make = { schema: { params, body: MakeDirectory }, config: { access: "vm:use" } } as const;
  app.post("/vm/:hostname/fs/mkdir", make, async (request, reply) => {
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(request.params.hostname), left);
    await agent.makeDirectory(directoryOf(request.body), left);
    return reply.type("text/plain").send("");
  });

  const remove = {
    schema: { params, querystring: Type.Object({ path: One, recursive: One }) },
    config: { access: "vm:use" },
  } as const;
  app.delete("/vm/:hostname/fs/remove", remove, async (request, reply) => {
    const { path, recursive } = request.query;
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(request.params.hostname), left);
    const order = { path: pathOf(path), user: "default" } as const;
    await agent.remove({ ...order, recursive: flag("recursive", recursive) }, left);
    return reply.type("text/plain").send("");
  });
};

function entryOf({ name, type, sizeBytes, mtimeNs, mode, owner }: GuestEntry): object {
  const mtime = new Date(Number(mtimeNs / 1_000_000n)).toISOString();
  return { name, type, size: sizeBytes, mtime, mode: mode.toString(8).padStart(4, "0"), ...owner };
}

async function* jsonList(entries: AsyncIterable<GuestEntry>): AsyncGenerator<string> {
  let before = "[";
  for await (const entry of entries) {
    yield before + JSON.stringify(entryOf(entry));
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function directoryOf({ path, recursive, mode }: Static<typeof MakeDirectory>) {
  const bits = permissionBits(mode ?? undefined, "mode") ?? NEW_DIRECTORY_MODE;
  return {
    path: pathOf(path),
    user: "default",
    mode: bits,
    recursive: recursive ?? false,
  } as const;
}
