/**
 * The OpenAPI document of an Aleph node's own API: the routes that are really registered, who may call each, and a
 * line on what it does. Bodies and answers are not described field by field: they are the network's own.
 */

import fastify from "fastify";

import type { AlephParts } from "./parts.ts";
import type { Who } from "./route-rule.ts";
import { ROUTE_WORDS, type RouteWords } from "./route-words.ts";
import { routes } from "./routes.ts";

/** By name, any one of each list gets in; nothing: whoever comes. */
const CREDENTIALS = {
  anyone: [],
  open: [],
  link: [],
  owner: ["wallet", "allocationToken", "signedAllocation"],
  watcher: ["wallet", "allocationToken", "signedAllocation"],
  reserver: ["wallet", "allocationToken", "signedAllocation"],
  scheduler: ["allocationToken", "signedAllocation"],
  operator: ["operator", "allocationToken", "signedAllocation"],
} as const satisfies Record<Who, readonly string[]>;

const WORDS: Readonly<Record<Who, string>> = {
  anyone: "For everybody.",
  open: "For everybody, unless the node's settings say otherwise.",
  owner: "For its owner, the owner's delegates and administrators.",
  watcher:
    "For its owner, the owner's delegates and administrators; over a WebSocket the first message proves it.",
  reserver: "For any wallet.",
  scheduler: "For administrators.",
  operator: "For the node's operator and administrators.",
  link: "For whoever holds a signed link.",
};

const SCHEMES = {
  operator: { type: "apiKey", in: "cookie", name: "token" },
  wallet: {
    type: "apiKey",
    in: "header",
    name: "X-SignedPubKey",
    description: "and `X-SignedOperation`, both signed as the network's clients do",
  },
  allocationToken: { type: "apiKey", in: "header", name: "X-Auth-Signature" },
  signedAllocation: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "`Aleph-EIP191-V1 …`",
  },
} as const;

interface Registered {
  readonly method: string;
  readonly url: string;
  readonly who: Who;
}

export async function alephDocument(parts: AlephParts): Promise<object> {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of await registered(parts)) {
    const path = route.url.replace(/:(\w+)/g, "{$1}");
    const operations = (paths[path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  const { domainName } = parts.settings;
  return {
    openapi: "3.1.0",
    info: {
      title: "Aleph compute node",
      version: parts.version,
      description: `The API of ${domainName}, a node of the Aleph network, at a port of its own.`,
    },
    components: { securitySchemes: SCHEMES },
    paths,
  };
}

/** As the router is told, without serving anything. */
async function registered(parts: AlephParts): Promise<readonly Registered[]> {
  const found: Registered[] = [];
  const app = fastify({ logger: false });
  app.addHook("onRoute", ({ method, url, config }) => {
    const who = config?.rule?.who;
    if (method !== "HEAD" && who !== undefined) found.push({ method: String(method), url, who });
  });
  await app.register(routes, parts);
  await app.close();
  return found;
}

function operationOf({ method, url, who }: Registered): object {
  const words = ROUTE_WORDS[`${method} ${url}`];
  if (!words) throw new Error(`invariant: nothing is said of ${method} ${url}`);
  const { summary, body } = words;
  const name = url
    .replace(/[^A-Za-z0-9]+/g, " ")
    .trim()
    .split(" ")
    .join("_");
  return {
    operationId: `${method.toLowerCase()}_${name}`,
    summary,
    description: WORDS[who],
    tags: [tagOf(url)],
    security: CREDENTIALS[who].map((scheme) => ({ [scheme]: [] })),
    parameters: parametersOf(url, words),
    ...(body === undefined
      ? {}
      : { requestBody: { description: body, content: { "application/json": {} } } }),
    responses: {
      200: { description: "It is done, or what was asked for" },
      default: { description: 'A refusal: `{"error": words}`' },
    },
  };
}

function tagOf(url: string): string {
  return /^\/(?:v2\/)?(\w+)/.exec(url)?.[1] ?? "other";
}

function parametersOf(url: string, { query = {} }: RouteWords): readonly object[] {
  const schema = { type: "string" };
  const inPath = Array.from(url.matchAll(/:(\w+)/g), ([, name]) => {
    return { name, in: "path", required: true, schema };
  });
  const inQuery = Object.entries(query).map(([name, description]) => {
    return { name, in: "query", description, schema };
  });
  return [...inPath, ...inQuery];
}
