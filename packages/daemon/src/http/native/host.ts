/** The host itself: what it is, what it has, and what VMs were promised of it. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";

import { HostState } from "@alcove/api";
import type { HostAccount, HostDesk } from "#core/host/host-desk.ts";

export interface HostParts {
  readonly hostDesk: Pick<HostDesk, "account" | "groups">;
  readonly version: string;
}

export const hostRoutes: FastifyPluginAsyncTypebox<HostParts> = async (app, parts) => {
  const { hostDesk, version } = parts;
  const host = {
    schema: { response: { 200: HostState } },
    config: { access: "host:read" },
  } as const;
  app.get("/host", host, async () => stateOf(await hostDesk.account(), version));
};

function stateOf(account: HostAccount, version: string): HostState {
  const { hypervisor, acceleration, identity, templates, aleph } = account;
  const { accelerator, reason, hypervisorVersion } = acceleration;
  const { vms, cpus, memory, disk, pools } = account;
  return {
    version,
    hostname: identity.hostname,
    hypervisor: hypervisor.name,
    ...(hypervisorVersion === undefined ? {} : { hypervisor_version: hypervisorVersion }),
    isolation: hypervisor.isolation,
    accelerator,
    accelerator_reason: reason,
    kernel: identity.kernel,
    cpu_model: identity.cpuModel,
    node: identity.node,
    started_at: identity.startedAt.toISOString(),
    vms,
    cpus,
    memory,
    disk,
    pools,
    templates: {
      enabled: templates.enabled,
      ready: templates.ready,
      under_way: templates.underWay,
    },
    aleph: aleph ? { on: true, port: aleph.port } : { on: false },
    warnings: account.warnings.map(({ code, message }) => ({ code, message })),
  };
}
