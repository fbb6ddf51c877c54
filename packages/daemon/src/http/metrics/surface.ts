/**
 * `GET /metrics`, for Prometheus: Slicer's names, and Alcove's own beside them. Contract A20.
 *
 * No label takes a value that a client made up: routes are patterns, host groups are those that
 * there are, and no series has a VM's name.
 */

import type { FastifyPluginAsync } from "fastify";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

import type { HostGroups } from "#core/group/host-group.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { HostMeter } from "#core/ports/host-meter.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { Log } from "#core/ports/log.ts";
import type { TemplateDesk } from "#core/template/template-desk.ts";
import type { Pools } from "#core/pool/pools.ts";
import type { Vms } from "#core/vm/vms.ts";

import { answerErrors } from "../errors.ts";
import { refuseOtherMethods, watchRoutes } from "../methods.ts";
import { describeRoutes, type Operations, plainText } from "../operation.ts";
import { hostGauges } from "./host-gauges.ts";
import { poolGauges } from "./pool-gauges.ts";
import { requestCounters } from "./requests.ts";
import { startMeters, templateGauges } from "./start-meters.ts";
import { vmGauges } from "./vm-gauges.ts";

export interface MetricsParts {
  readonly pools: Pick<Pools, "list">;
  readonly vms: Vms;
  readonly groups: HostGroups;
  readonly desk: TemplateDesk;
  readonly hostFacts: HostFacts;
  readonly hostMeter: HostMeter;
  readonly hypervisor: Pick<Hypervisor, "name" | "isolation">;
  readonly version: string;
  readonly gitCommit: string;
}

export interface Metrics {
  /** counts the requests of all surfaces that come after it */
  readonly counting: FastifyPluginAsync;
  /** serves what was counted; the same numbers on every listener */
  readonly surface: FastifyPluginAsync;
}

export function metrics(parts: MetricsParts, log: Log): Metrics {
  const { vms, groups, hostFacts: facts, hostMeter: meter } = parts;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  nameBuild(registers, parts);
  vmGauges(registers, vms, groups);
  startMeters(registers, vms);
  poolGauges(registers, parts.pools);
  templateGauges(registers, parts.desk);
  const readHost = hostGauges(registers, { meter, facts, vms });
  const surface: FastifyPluginAsync = async (app) => {
    const routes = watchRoutes(app);
    describeRoutes(app, OPERATIONS);
    answerErrors(app, log, ({ message }) => message);
    app.get("/metrics", { config: { access: "host:read" } }, async (_, reply) => {
      await readHost();
      return reply.type(registry.contentType).send(await registry.metrics());
    });
    refuseOtherMethods(app, routes);
  };
  return { counting: requestCounters(registers, groups), surface };
}

const OPERATIONS: Operations = {
  "GET /metrics": {
    id: "getMetrics",
    summary: "Numbers for Prometheus",
    answers: { 200: plainText("Text format 0.0.4") },
    refusals: [],
  },
};

function nameBuild(registers: Registry[], parts: MetricsParts): void {
  const { version, gitCommit: commit, hypervisor } = parts;
  const labels = { version, commit, hypervisor: hypervisor.name, isolation: hypervisor.isolation };
  const labelNames = ["version", "commit", "hypervisor", "isolation"] as const;
  const help = "1 for the build and the hypervisor that run";
  new Gauge({ name: "alcove_build", help, labelNames, registers }).set(labels, 1);
}
