/** In how many seconds a VM is to expire: in the query, in a form, or in JSON. */

import type { FastifyReply, FastifyRequest } from "fastify";

import { parameter } from "./query.ts";
import { wholeBody } from "./request-body.ts";

/** the reference's own, in seconds */
const DEFAULT_S = 5;
/** ten days; below it */
const MOST_S = 864_000;

/** @returns seconds; `undefined` for what is no such number */
export async function timeoutOf(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<number | undefined> {
  const asked = parameter(request, "timeout") ?? inBody(await wholeBody(request, reply));
  if (asked === undefined) return DEFAULT_S;
  const isNumber = typeof asked === "number" || /^\s*[+-]?[\d.]+(?:e[+-]?\d+)?\s*$/i.test(asked);
  const seconds = isNumber ? Number(asked) : Number.NaN;
  return seconds > 0 && seconds < MOST_S ? seconds : undefined;
}

/** @returns what the body says of it; an empty text for what cannot be a number */
function inBody(body: Buffer): string | number | undefined {
  const text = body.toString("utf8").trim();
  if (text === "") return undefined;
  if (!text.startsWith("{")) return new URLSearchParams(text).get("timeout") ?? undefined;
  try {
    const value: unknown = JSON.parse(text);
    const asked = new Map<string, unknown>(Object.entries(Object(value))).get("timeout");
    if (asked === undefined || asked === null) return undefined;
    return typeof asked === "number" || typeof asked === "string" ? asked : "";
  } catch {
    return "";
  }
}
