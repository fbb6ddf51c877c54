/** Disks of stopped VMs that are kept, and VMs that begin with them. Contract B6. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";

import type { CommitFilter, CommitOrder } from "#core/commit/commit.ts";
import type { ForkOrder } from "#core/commit/fork.ts";
import { invalidRequest } from "#core/errors.ts";
import type { LaunchWait } from "#core/vm/launch.ts";
import { FIXUPS, type Fixup } from "#core/vm/vm.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import { commitOf, committedOf, forkedOf } from "./commit-wire.ts";
import type { SlicerParts } from "./parts.ts";
import { listOf, Many, One, waitTimeoutOf } from "./query.ts";

const OfVm = Type.Object({ hostname: Type.String() });
const OfCommit = Type.Object({ id: Type.String() });

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const Texts = Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()]));
const Count = Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]));

const MakeCommit = Type.Object({
  tags: Texts,
  labels: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
  cache_key: Text,
});

const Fork = Type.Object({
  network: Type.Optional(Type.Union([Type.Object({ allow: Texts, drop: Texts }), Type.Null()])),
  tags: Texts,
  tag_mode: Text,
  secrets: Texts,
  persistent: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  fixups: Texts,
  vcpu: Count,
  ram_bytes: Count,
});

const Filter = Type.Object({ tag: Many, cache_key: One, source: One, mode: One });

export const commits: FastifyPluginAsyncTypebox<SlicerParts> = async (app, parts) => {
  const { vms, commits: all } = parts;
  jsonBodies(app);

  const make = {
    schema: { params: OfVm, body: MakeCommit },
    config: { access: "vm:operate" },
  } as const;
  app.post("/vm/:hostname/commit", make, async (request, reply) => {
    const vm = vms.get(request.params.hostname);
    const commit = await all.create(vm, orderOf(request.body), clientLeft(request, reply));
    return committedOf(commit);
  });

  const list = { schema: { querystring: Filter }, config: { access: "vm:read" } } as const;
  app.get("/vm/commits", list, async ({ query }) =>
    query.mode && query.mode !== "disk" ? [] : all.list(filterOf(query)).map(commitOf),
  );

  const remove = { schema: { params: OfCommit }, config: { access: "vm:operate" } } as const;
  app.delete("/vm/commits/:id", remove, async ({ params }) => {
    const { id } = await all.remove(params.id);
    return { commit_id: id, status: "deleted" };
  });

  const fork = {
    schema: {
      params: OfCommit,
      querystring: Type.Object({ wait: One, timeout: One }),
      body: Fork,
    },
    config: { access: "vm:operate" },
  } as const;
  app.post("/vm/commits/:id/fork", fork, async (request, reply) => {
    const how = { order: forkOrderOf(request.body), wait: waitOf(request.query) };
    const commit = all.get(request.params.id);
    const child = await all.fork(commit.id, how, clientLeft(request, reply));
    const source = vms.list().find(({ record }) => record.id === commit.sourceId);
    return forkedOf(commit, child.record, source?.record);
  });
};

/** Clients trim the key, and leave it out where it is empty. */
function orderOf({ tags, labels, cache_key: key }: Static<typeof MakeCommit>): CommitOrder {
  return { tags: tags ?? [], labels: labels ?? {}, cacheKey: key?.trim() || undefined };
}

function filterOf({ tag, cache_key: key, source }: Static<typeof Filter>): CommitFilter {
  const tags = listOf(tag).filter((it) => it !== "");
  return { tags, cacheKey: key || undefined, source: source || undefined };
}

function waitOf({ wait, timeout }: { wait?: string; timeout?: string }): LaunchWait | undefined {
  if (wait === undefined || wait === "" || wait === "none") return undefined;
  if (wait !== "agent") throw invalidRequest("wait", `"${wait}" is neither agent nor none`);
  return { until: "agent", timeoutMs: waitTimeoutOf(timeout) };
}

function forkOrderOf(body: Static<typeof Fork>): ForkOrder {
  const { network } = body;
  const lists = network && { allow: network.allow ?? undefined, drop: network.drop ?? undefined };
  return {
    vcpus: body.vcpu || undefined,
    memoryBytes: body.ram_bytes || undefined,
    network: lists ?? undefined,
    tags: body.tags ?? [],
    tagMode: tagModeOf(body.tag_mode),
    secrets: body.secrets ?? undefined,
    persistent: body.persistent ?? true,
    fixups: body.fixups?.map(fixupOf),
  };
}

function tagModeOf(mode: string | null | undefined): ForkOrder["tagMode"] {
  if (!mode) return "append";
  if (mode === "append" || mode === "replace") return mode;
  throw invalidRequest("tag_mode", `"${mode}" is neither append nor replace`);
}

function fixupOf(name: string): Fixup {
  const known = FIXUPS.find((it) => it === name);
  if (known !== undefined) return known;
  throw invalidRequest("fixups", `"${name}" is none of ${FIXUPS.join(", ")}`);
}
