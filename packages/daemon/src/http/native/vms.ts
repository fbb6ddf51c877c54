/** VMs as Slicer's words do not describe them: how they began, and what they cost. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";

import { type Origin, VmAccount, VmDetails, type VmStart } from "@alcove/api";
import type { ProcessMemory } from "#core/ports/process-memory.ts";
import type { StartTrace } from "#core/trace/start-trace.ts";
import { memoryOf, type VmMemory } from "#core/vm/memory-of.ts";
import type { VmSupervisor } from "#core/vm/supervisor.ts";
import type { VmOrigin } from "#core/vm/vm.ts";
import type { Vms } from "#core/vm/vms.ts";

import { receiptOf } from "./receipt.ts";

export interface VmParts {
  readonly vms: Vms;
  readonly memory: ProcessMemory;
}

export const vmAccounts: FastifyPluginAsyncTypebox<VmParts> = async (app, { vms, memory }) => {
  const list = {
    schema: { response: { 200: Type.Array(VmAccount) } },
    config: { access: "vm:read" },
  } as const;
  app.get("/vms", list, async () => {
    const all = vms.list();
    const memories = await memoryOf(all, memory);
    return all.map((vm, index) => accountOf(vm, memories[index]));
  });

  const one = {
    schema: { params: Type.Object({ hostname: Type.String() }), response: { 200: VmDetails } },
    config: { access: "vm:read" },
  } as const;
  app.get("/vms/:hostname", one, async ({ params }) => {
    const vm = vms.get(params.hostname);
    const [use] = await memoryOf([vm], memory);
    const { receipt } = vm.record;
    return {
      ...accountOf(vm, use),
      ...(receipt ? { receipt: receiptOf(receipt) } : {}),
      ...(vm.lastStart ? { start: startOf(vm.lastStart) } : {}),
    };
  });
};

function accountOf({ record, phase }: VmSupervisor, memory: VmMemory | undefined): VmAccount {
  const { hostname, id, group, kind, origin } = record;
  return {
    hostname,
    id,
    group,
    kind,
    phase,
    origin: originOf(origin),
    memory: memoryWords(memory),
  };
}

function originOf(origin: VmOrigin): Origin {
  const { how } = origin;
  if (how === "boot") return origin.why === undefined ? { how } : { how, why: origin.why };
  if (how === "template") return { how, template: origin.template };
  if (how === "fork") return { how, source: origin.source };
  return { how, commit: origin.commit };
}

function memoryWords(memory: VmMemory | undefined): VmAccount["memory"] {
  const { reservedBytes = 0, use } = memory ?? {};
  if (!use) return { reserved_bytes: reservedBytes };
  return {
    reserved_bytes: reservedBytes,
    private_bytes: use.privateBytes,
    shared_bytes: use.sharedBytes,
    proportional_bytes: use.proportionalBytes,
  };
}

function startOf({ how, begunAt, isReady, totalMs, steps }: StartTrace): VmStart {
  return {
    ...(how === undefined ? {} : { how }),
    begun_at: begunAt.toISOString(),
    ready: isReady,
    total_ms: inMicroseconds(totalMs),
    steps: steps.map(({ name, ms }) => ({ name, ms: inMicroseconds(ms) })),
  };
}

/** The clock's last digits say nothing. */
function inMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
