/** An owner's wishes about ports: read again, and on request of the owner written first. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import { sendJson } from "./answers.ts";
import { type ByRef, callerOf, executionOf, hashOf, ownerOf } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { jsonBody, wholeBody } from "./request-body.ts";

const KEY = "port-forwarding";
const OPEN = { rule: { who: "open", cors: true } } as const;

export const update: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const handler = async (request: FastifyRequest<ByRef>, reply: FastifyReply) => {
    const caller = await callerOf(request, reply, parts, "open");
    const hash = hashOf(request.params.ref);
    const owner = ownerOf(executionOf(parts, hash, () => "404: VM not found"));
    const left = clientLeft(request, reply);
    if (caller.kind !== "nobody") {
      await parts.ownership.demand(caller, owner, left);
      const body = await wholeBody(request, reply);
      if (body.length > 0) await keep(parts, { hash, owner }, await jsonBody(request, reply), left);
    }
    const done = await parts.executions.refreshPorts(hash, left);
    await parts.proxy.resync(left);
    const early = { status: "ok", msg: "VM not starting yet" };
    return sendJson(reply, done === "applied" ? {} : early);
  };

  app.post<ByRef>("/control/machine/:ref/update", { config: OPEN }, handler);
  // The network's own client leaves out a part of the path.
  if (!parts.settings.strictReference)
    app.post<ByRef>("/control/:ref/update", { config: OPEN }, handler);
};

interface Vm {
  readonly hash: ItemHash;
  readonly owner: string;
}

/** Writes the wishes for one VM into its owner's aggregate in the local store. What says nothing of ports changes nothing. */
async function keep(
  { imports }: AlephParts,
  { hash, owner }: Vm,
  body: unknown,
  signal: AbortSignal,
): Promise<void> {
  const ports = new Map<string, unknown>(Object.entries(Object(body))).get("ports");
  if (ports === undefined) return;
  const place = { address: owner, key: KEY };
  const wishes = portsOf(ports);
  let known: unknown = {};
  try {
    known = await imports.aggregate(place, signal);
  } catch (error) {
    if (!Refusal.is(error, "not found")) throw error;
  }
  await imports.putAggregate(place, { ...Object(known), [hash]: { ports: wishes } }, signal);
}

/** ports in one request; more are no wish but a mistake */
const MAX_PORTS = 256;

/** @throws Refusal `bad request` */
function portsOf(value: unknown): Record<string, { tcp: boolean; udp: boolean }> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong('must be an object such as {"80": {"tcp": true, "udp": false}}');
  const entries = Object.entries(value);
  if (entries.length > MAX_PORTS) throw wrong(`has ${entries.length} ports; at most ${MAX_PORTS}`);
  return Object.fromEntries(entries.map(([port, wish]) => [port, wishOf(port, wish)] as const));
}

function wishOf(port: string, wish: unknown): { tcp: boolean; udp: boolean } {
  const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
  if (!isPort) throw wrong(`has "${port.slice(0, 20)}", which is no port from 1 to 65535`);
  const asked = new Map<string, unknown>(Object.entries(Object(wish)));
  const tcp = asked.get("tcp") ?? false;
  const udp = asked.get("udp") ?? false;
  if (typeof tcp !== "boolean" || typeof udp !== "boolean")
    throw wrong(`says of ${port} something else than {"tcp": true or false, "udp": true or false}`);
  return { tcp, udp };
}

function wrong(what: string): Refusal {
  return new Refusal("bad request", `ports ${what}`);
}
