/** How owners start VMs whose memory this host cannot read: session, measurement, secret. */

import type { FastifyPluginAsync } from "fastify";

import type { ExecutionView } from "#core/aleph/execution/view.ts";
import { readSecret } from "#core/aleph/message/requests.ts";
import type { ConfidentialMachines, SevInfo } from "#core/aleph/ports/confidential-backend.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import { sendJson, sendText } from "./answers.ts";
import { formOf } from "./form.ts";
import { admitted, type ByRef, callerOf, executionOf, hashOf, ownerOf } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { jsonBody } from "./request-body.ts";
import { OWNER } from "./route-rule.ts";

const AT = "/control/machine/:ref/confidential";
const INJECT = { rule: { ...OWNER.rule, doubled: true } } as const;

export const confidential: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  app.post<ByRef>(`${AT}/initialize`, { config: OWNER }, async (request, reply) => {
    const { hash, execution, left } = await admitted(request, reply, parts);
    const form = await formOf(request, reply);
    const session = form.get("session");
    const godh = form.get("godh");
    if (canBegin(execution)) demandFields(session, godh);
    await parts.executions.initialize(hash, { session: session ?? "", godh: godh ?? "" }, left);
    return sendText(reply, `Started VM with ref ${hash}`);
  });

  app.get<ByRef>(`${AT}/measurement`, { config: OWNER }, async (request, reply) => {
    const { hash, execution, left } = await admitted(request, reply, parts);
    const { info, launchMeasure } = await machinesFor(parts, execution).measure(hash, left);
    return sendJson(reply, { sev_info: sevInfo(info), launch_measure: launchMeasure });
  });

  // The body is looked at before the VM is looked for.
  app.post<ByRef>(`${AT}/inject_secret`, { config: INJECT }, async (request, reply) => {
    const caller = await callerOf(request, reply, parts, "machine");
    const sealed = readSecret(await jsonBody(request, reply));
    const hash = hashOf(request.params.ref);
    const execution = executionOf(parts, hash);
    const left = clientLeft(request, reply);
    await parts.ownership.demand(caller, ownerOf(execution), left);
    const status = await machinesFor(parts, execution).inject(hash, sealed, left);
    await parts.executions.released(hash, left);
    return sendJson(reply, { status });
  });
};

function missing(description: string): Refusal {
  return new Refusal("bad request", description, { body: { code: "field_missing", description } });
}

/** Whether the session is what is missing; if it is something else, `initialize` says what. */
function canBegin({ running, record }: ExecutionView): boolean {
  return !running && record.confidential !== undefined;
}

function demandFields(session: string | undefined, godh: string | undefined): void {
  if (session === undefined) throw missing("Session field is missing");
  if (godh === undefined) throw missing("godh field is missing. Please provide a GODH file");
}

function machinesFor(parts: AlephParts, { running }: ExecutionView): ConfidentialMachines {
  if (running && parts.confidential) return parts.confidential.machines;
  throw new Refusal("forbidden", "Operation not running");
}

function sevInfo({ enabled, apiMajor, apiMinor, buildId, ...info }: SevInfo): object {
  const { policy, state, handle } = info;
  return {
    enabled,
    api_major: apiMajor,
    api_minor: apiMinor,
    build_id: buildId,
    policy,
    state,
    handle,
  };
}
