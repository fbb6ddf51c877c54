/** VMs as Slicer's words do not describe them: how they began, what they cost, and what may be asked of them. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { VmDetails, VmEvent, VmEventQuery, VmListQuery, VmSummary } from "@alcove/api";
import type { Commits } from "#core/commit/commits.ts";
import { policyFor } from "#core/network/egress.ts";
import type { VmNetwork } from "#core/network/network.ts";
import type { ProcessMemory } from "#core/ports/process-memory.ts";
import type { VmStore } from "#core/ports/vm-store.ts";
import type { Secrets } from "#core/secrets/secrets.ts";
import { memoryOf } from "#core/vm/memory-of.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import type { Vms } from "#core/vm/vms.ts";

import { limitOf } from "./events.ts";
import { receiptOf } from "./receipt.ts";
import { eventOf, startOf, summaryOf } from "./vm-words.ts";

export interface VmParts {
  readonly vms: Vms;
  readonly store: VmStore;
  readonly commits: Commits;
  readonly secrets: Secrets;
  readonly memory: ProcessMemory;
}

const params = Type.Object({ hostname: Type.String() });

export const vmAccounts: FastifyPluginAsyncTypebox<VmParts> = async (app, parts) => {
  const { vms, memory, store } = parts;
  const list = {
    schema: { querystring: VmListQuery, response: { 200: Type.Array(VmSummary) } },
    config: { access: "vm:read" },
  } as const;
  app.get("/vms", list, async ({ query }) => {
    const all = vms.list();
    if (query.memory === "none") return all.map((vm) => summaryOf(vm));
    const memories = await memoryOf(all, memory);
    return all.map((vm, index) => summaryOf(vm, memories[index]));
  });

  const one = {
    schema: { params, response: { 200: VmDetails } },
    config: { access: "vm:read" },
  } as const;
  app.get("/vms/:hostname", one, async (request) =>
    detailsOf(vms.get(request.params.hostname), parts),
  );

  const timeline = {
    schema: { params, querystring: VmEventQuery, response: { 200: Type.Array(VmEvent) } },
    config: { access: "vm:read" },
  } as const;
  app.get("/vms/:hostname/events", timeline, async (request) => {
    const { id } = vms.get(request.params.hostname).record;
    const { limit, before = Number.MAX_SAFE_INTEGER } = request.query;
    return store.eventsOf(id, limitOf(limit), Number(before)).map(eventOf);
  });
};

async function detailsOf(
  vm: VmSupervisor,
  { memory, secrets, commits }: VmParts,
): Promise<VmDetails> {
  const [use] = await memoryOf([vm], memory);
  const { record, lastStart } = vm;
  const { receipt, spec } = record;
  const commit = commits.newestOf(record);
  return {
    ...summaryOf(vm, use),
    secrets: [...(await secrets.namesOf(spec.secrets))],
    network: networkOf(spec.network),
    ...(receipt ? { receipt: receiptOf(receipt) } : {}),
    ...(lastStart ? { start: startOf(lastStart) } : {}),
    ...(spec.diskBytes === undefined ? {} : { disk_bytes: spec.diskBytes }),
    ...(commit ? { commit_id: commit.id } : {}),
  };
}

/** Only isolated networks have lists. */
function networkOf({ settings, override }: VmNetwork): VmDetails["network"] {
  const { mode } = settings;
  if (settings.mode !== "isolated") return { mode };
  const { allow, drop } = policyFor(settings, override);
  return { mode, egress: { allow: [...allow], drop: [...drop] } };
}
