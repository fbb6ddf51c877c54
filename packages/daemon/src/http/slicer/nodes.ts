/** VMs ("nodes") of the Slicer API: create, list, delete. Contract A4, A6, A7, A9. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import { launch, type LaunchWait } from "#core/vm/launch.ts";
import type { NetworkOverride } from "#core/network/network.ts";
import type { VmRequest } from "#core/vm/spec.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import { formatIpv4, parseCidr, parseIpv4 } from "#lib/ipv4.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import { lastCallOf } from "./background-wire.ts";
import type { SlicerParts } from "./parts.ts";
import { One, waitTimeoutOf } from "./query.ts";
import { createdOf, hasTag, nodeOf } from "./wire.ts";

const Filter = Type.Object({ tag: One, tag_prefix: One });
const InGroup = Type.Object({ group: Type.String() });

/** Go's client omits zero values, others send them: 0, "" and null are "not said". */
const Count = Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]));
const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const Texts = Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()]));

const CreateNode = Type.Object({
  userdata: Text,
  ram_bytes: Count,
  cpus: Count,
  gpu_count: Count,
  count: Count,
  persistent: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  disk_image: Text,
  import_user: Text,
  github_user: Text,
  ssh_keys: Texts,
  ip: Text,
  tags: Texts,
  secrets: Texts,
  network: Type.Optional(Type.Union([Type.Object({ allow: Texts, drop: Texts }), Type.Null()])),
});

export const nodes: FastifyPluginAsyncTypebox<SlicerParts> = async (app, parts) => {
  const { vms, about } = parts;
  jsonBodies(app);
  const listed = (vm: VmSupervisor) => ({ ...nodeOf(vm.record, about), ...lastCallOf(vm) });

  const list = { schema: { querystring: Filter }, config: { access: "vm:read" } } as const;
  app.get("/nodes", list, async ({ query }) => filtered(vms.list(), query).map(listed));

  const listGroup = { ...list, schema: { querystring: Filter, params: InGroup } };
  app.get("/hostgroup/:group/nodes", listGroup, async ({ params, query }) =>
    filtered(vms.inGroup(params.group), query).map(listed),
  );

  const create = {
    schema: {
      params: InGroup,
      querystring: Type.Object({ wait: One, timeout: One }),
      body: CreateNode,
    },
    config: { access: "vm:operate" },
  } as const;
  app.post("/hostgroup/:group/nodes", create, async (request, reply) => {
    const { params, query, body } = request;
    const order = { group: params.group, request: requestOf(body), wait: waitOf(query) };
    const vm = await asRequested(body.disk_image, launch(vms, order, clientLeft(request, reply)));
    return reply.code(201).send(createdOf(vm.record, about));
  });

  const remove = {
    schema: { params: Type.Object({ group: Type.String(), hostname: Type.String() }) },
    config: { access: "vm:operate" },
  } as const;
  app.delete("/hostgroup/:group/nodes/:hostname", remove, async ({ params }) => {
    await vms.delete(vms.getInGroup(params.group, params.hostname));
    return { message: "Node deleted", disk_removed: "true" };
  });
};

/** In an answer to a create 404 means the group; an image that is missing is the request's mistake. */
async function asRequested(
  image: string | null | undefined,
  launching: Promise<VmSupervisor>,
): Promise<VmSupervisor> {
  try {
    return await launching;
  } catch (error) {
    if (image && AlcoveError.is(error, "image_not_found"))
      throw invalidRequest("disk_image", error.message);
    throw error;
  }
}

function filtered(vms: readonly VmSupervisor[], filter: Static<typeof Filter>): VmSupervisor[] {
  if (filter.tag && filter.tag_prefix) {
    throw invalidRequest("tag", "give either tag or tag_prefix, not both");
  }
  return vms.filter((vm) => hasTag(vm.record, filter));
}

function waitOf(query: { wait?: string; timeout?: string }): LaunchWait | undefined {
  const { wait } = query;
  if (wait === undefined || wait === "") return undefined;
  if (wait !== "agent" && wait !== "userdata") {
    throw invalidRequest("wait", `"${wait}" is neither agent nor userdata`);
  }
  return { until: wait, timeoutMs: waitTimeoutOf(query.timeout) };
}

function requestOf(body: Static<typeof CreateNode>): VmRequest {
  if (body.count && body.count !== 1) throw invalidRequest("count", "only one VM at a time");
  return {
    vcpus: body.cpus || undefined,
    memoryBytes: body.ram_bytes || undefined,
    gpuCount: body.gpu_count || undefined,
    image: body.disk_image || undefined,
    kind: body.persistent ? "persistent" : "sandbox",
    hostname: undefined, // the API's VMs are never named by who asks for them
    tags: body.tags ?? [],
    sshKeys: body.ssh_keys ?? [],
    userdata: body.userdata || undefined,
    importKeysOf: importUserOf(body),
    secrets: body.secrets ?? undefined,
    network: overrideOf(body.network),
    address: addressOf(body.ip),
  };
}

/** The seed calls it `github_user`, the SDKs `import_user`. */
function importUserOf({ import_user: one, github_user: other }: Static<typeof CreateNode>) {
  if (one && other && one !== other) {
    throw invalidRequest("import_user", "differs from github_user; give one of them");
  }
  return one || other || undefined;
}

/** With or without a prefix length, as others write it. */
function addressOf(ip: string | null | undefined): string | undefined {
  if (!ip) return undefined;
  const address = parseIpv4(ip) ?? parseCidr(ip)?.address;
  if (address === undefined) throw invalidRequest("ip", `"${ip}" is no IPv4 address`);
  return formatIpv4(address);
}

/** An absent list is the group's, an empty one clears it. */
function overrideOf(lists: Static<typeof CreateNode>["network"]): NetworkOverride | undefined {
  if (!lists || (!lists.allow && !lists.drop)) return undefined;
  return { allow: lists.allow ?? undefined, drop: lists.drop ?? undefined };
}
