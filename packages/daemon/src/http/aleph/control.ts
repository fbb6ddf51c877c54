/** What schedulers and clients want this node to run. */

import type { FastifyPluginAsync, FastifyReply } from "fastify";

import type { Caller } from "#core/aleph/caller.ts";
import type { ItemHash } from "#core/aleph/item-hash.ts";
import { readInstance } from "#core/aleph/message/parse.ts";
import { type NotifyRequest, readAllocation, readNotify } from "#core/aleph/message/requests.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import { sendJson } from "./answers.ts";
import { callerOf } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { aware } from "./python-text.ts";
import { jsonBody } from "./request-body.ts";
import { SCHEDULER } from "./route-rule.ts";

type AllocationReport = Awaited<ReturnType<AlephParts["executions"]["allocate"]>>;

const NOTIFY = { rule: { who: "open", cors: true, doubled: true } } as const;
const RESERVE = { rule: { who: "reserver", cors: true, doubled: true } } as const;

export const control: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const { executions, log, settings } = parts;

  app.post("/control/allocations", { config: SCHEDULER }, async (request, reply) => {
    await callerOf(request, reply, parts, "scheduler");
    const body = await jsonBody(request, reply).catch(
      asParserError(reply, settings.strictReference),
    );
    if (body === undefined) return reply; // no JSON is that
    const wanted = readAllocation(body);
    if (wanted.hasIgnored) log.warn("aleph.allocation.ignored", { what: "on_demand_vms and jobs" });
    const report = await executions.allocate(wanted, clientLeft(request, reply));
    return sendJson(reply, { success: isClean(report), ...inOrder(report) }, statusOf(report));
  });

  app.post("/control/allocation/notify", { config: NOTIFY }, async (request, reply) => {
    const caller = await callerOf(request, reply, parts, "open");
    const asked = readNotify(await jsonBody(request, reply));
    const left = clientLeft(request, reply);
    if (!settings.strictReference) await takeAlong(parts, asked, caller, left);
    await demandOwner(parts, asked.instance, caller, left);
    const report = await executions
      .notify(asked.instance, left)
      .catch(asMissingFile(reply, asked.instance, settings.strictReference));
    if (!report) return reply;
    await parts.proxy.resync(left);
    const { instance } = asked;
    if (report.successful) return notified(reply, [], {});
    return notified(reply, [instance], { [instance]: report.error });
  });

  app.post("/control/reserve_resources", { config: RESERVE }, async (request, reply) => {
    const caller = await callerOf(request, reply, parts, "reserve");
    const content = readInstance(await jsonBody(request, reply));
    const { expires } = await executions.reserve(content, caller, clientLeft(request, reply));
    return sendJson(reply, { status: "reserved", expires: aware(expires) });
  });
};

/** The reference lets its parser's exception through. */
function asParserError(reply: FastifyReply, strict: boolean): (error: unknown) => unknown {
  return (error) => {
    if (!strict || !Refusal.is(error, "bad request")) throw error;
    const type = "<class 'json.decoder.JSONDecodeError'>";
    const words = "Expecting value: line 1 column 1 (char 0)";
    sendJson(reply, { error: words, error_type: type }, 500);
    return undefined;
  };
}

/** The reference looks for an unknown message as for a file, and lets that exception through, too. */
function asMissingFile(
  reply: FastifyReply,
  hash: ItemHash,
  strict: boolean,
): (error: unknown) => undefined {
  return (error) => {
    if (!strict || !Refusal.is(error, "not found")) throw error;
    const type = "<class 'FileNotFoundError'>";
    sendJson(reply, { error: `Aleph message not found: ${hash}`, error_type: type }, 500);
    return undefined;
  };
}

function inOrder({ successful, failing, stopped, errors }: AllocationReport): object {
  return { successful, failing, stopped, errors };
}

function isClean({ failing }: AllocationReport): boolean {
  return failing.length === 0;
}

function statusOf({ failing, successful }: AllocationReport): number {
  if (failing.length === 0) return 200;
  return successful.length === 0 ? 503 : 207;
}

/** A client may send the message itself: it has to prove itself, unless an administrator brings it. */
async function takeAlong(
  { imports }: AlephParts,
  { instance, message }: NotifyRequest,
  caller: Caller,
  signal: AbortSignal,
): Promise<void> {
  if (message === undefined || message === null) return;
  const trust = caller.kind === "administrator" ? "administrator" : "verify";
  await imports.putMessage({ hash: instance, value: message, trust }, signal);
}

/** Whoever shows a wallet may start what is its own; without any the door has been left open by the operator. */
async function demandOwner(
  { messages, ownership }: AlephParts,
  instance: ItemHash,
  caller: Caller,
  signal: AbortSignal,
): Promise<void> {
  if (caller.kind !== "wallet") return;
  const message = await messages.message(instance, signal);
  const owner = message?.content["address"];
  if (typeof owner === "string") await ownership.demand(caller, owner, signal);
}

/** `successful` is a boolean here, and a list in the answer to allocations. */
function notified(
  reply: FastifyReply,
  failing: readonly ItemHash[],
  errors: Readonly<Record<string, string>>,
): FastifyReply {
  const success = failing.length === 0;
  return sendJson(reply, { success, successful: success, failing, errors }, success ? 200 : 503);
}
