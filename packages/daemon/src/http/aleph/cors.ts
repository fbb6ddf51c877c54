/**
 * Requests from pages of other origins, as the network's orchestrator allows them: any origin, credentials included,
 * on the routes that say so. Nothing is gained by it: the operator's cookie does not count in them.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { pythonText } from "#core/aleph/execution/start-error.ts";
import { Refusal } from "#core/aleph/refusal.ts";

/** headers that a page may read without being allowed to */
const SIMPLE = new Set([
  "cache-control",
  "content-language",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
]);

const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;

const FAILED = "CORS preflight request failed:";

/** Call it before the first route; every route that is registered from then on gets its preflight. */
export function allowPages(app: FastifyInstance): void {
  const methods = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ config, method, url }) => {
    if (config?.rule?.cors !== true || method === "OPTIONS") return;
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    if (methods.has(url)) return;
    methods.set(url, known);
    app.options(url, { config: { rule: { who: "anyone", cors: false } } }, async (request, reply) =>
      preflight(request, reply, known),
    );
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const { origin } = request.headers;
    if (origin === undefined || request.routeOptions.config.rule?.cors !== true) return payload;
    const names = [...Object.keys(reply.getHeaders()), "date", lengthHeader(payload)];
    for (const [name, value] of pageHeaders(origin, names)) void reply.header(name, value);
    return payload;
  });
}

/** What a page's answer has besides. @param names of the answer's headers, in any case */
export function pageHeaders(
  origin: string,
  names: readonly string[],
): readonly (readonly [name: string, value: string])[] {
  const exposed = names.filter((name) => !SIMPLE.has(name.toLowerCase()));
  return [
    ["access-control-allow-origin", origin],
    ["access-control-allow-credentials", "true"],
    [
      "access-control-expose-headers",
      Array.from(new Set(exposed.map(titled)))
        .toSorted()
        .join(),
    ],
  ];
}

async function preflight(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  methods: ReadonlySet<string>,
): Promise<FastifyReply> {
  const { origin } = headers;
  const method = headers["access-control-request-method"];
  if (origin === undefined) refuse("origin header is not specified in the request");
  if (method === undefined) refuse("'Access-Control-Request-Method' header is not specified");
  if (!methods.has(method)) {
    refuse(`request method ${pythonText(method)} is not allowed for ${pythonText(origin)} origin`);
  }
  void reply.header("access-control-allow-origin", origin);
  void reply.header("access-control-allow-credentials", "true");
  void reply.header("access-control-allow-methods", method);
  const asked = askedHeaders(headers["access-control-request-headers"]);
  if (asked !== "") void reply.header("access-control-allow-headers", asked);
  return reply.code(200).type("application/octet-stream").send("");
}

function refuse(why: string): never {
  throw new Refusal("forbidden", `${FAILED} ${why}`);
}

function askedHeaders(names: string | undefined): string {
  const upper = (names ?? "").split(",").map((name) => name.trim().toUpperCase());
  // What is no header's name cannot be one here, and could not be written either.
  const asked = new Set(upper.filter((name) => NAME.test(name)));
  return Array.from(asked).toSorted().join();
}

function lengthHeader(payload: unknown): string {
  const isWhole = payload === undefined || payload === null || typeof payload === "string";
  return isWhole || payload instanceof Uint8Array ? "content-length" : "transfer-encoding";
}

/** `x-backup-checksum` as `X-Backup-Checksum` */
function titled(name: string): string {
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (it) => it.toUpperCase());
}
