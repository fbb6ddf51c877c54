/**
 * What a route says of itself beyond its schema: the material of the OpenAPI document. It describes
 * and does nothing else: no answer is checked or changed by it.
 */

import type { FastifyInstance } from "fastify";
import type { TObject, TSchema } from "typebox";

declare module "fastify" {
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

export interface Operation {
  /** unique in the document; what generated clients call the method */
  readonly id: string;
  /** one line, without a full stop */
  readonly summary: string;
  readonly description?: string;
  /** by status, when it went well */
  readonly answers: Readonly<Record<number, Answer>>;
  /** statuses of refusals, beyond those that any request can meet */
  readonly refusals: readonly number[];
  /** query parameters that have to be there; the schema leaves saying so to the handler's own words */
  readonly requires?: readonly string[];
  /** what parameters mean, by name */
  readonly parameters?: Readonly<Record<string, string>>;
  /** whether there must be a body: most may be left out */
  readonly needsBody?: true;
  /** headers that it reads */
  readonly headers?: TObject;
  /** what is read as it is, where the schema describes no body */
  readonly body?: Content;
  /** whether the HEAD form is part of the API, and not only answered */
  readonly head?: "documented";
}

export interface Content {
  readonly description: string;
  /** by media type */
  readonly content: Readonly<Record<string, TSchema>>;
}

export interface Answer extends Partial<Content> {
  readonly description: string;
  /** what headers mean, by name */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Keyed as `GET /vm/:hostname`. */
export type Operations = Readonly<Record<string, Operation>>;

/** Gives every route that is registered in `app` from now on what it says of itself. */
export function describeRoutes(app: FastifyInstance, operations: Operations): void {
  app.addHook("onRoute", (route) => {
    const method = route.method === "HEAD" ? "GET" : String(route.method);
    const operation = operations[`${method} ${route.routePath}`];
    if (operation) route.config = { ...route.config, operation };
  });
}

export function json(schema: TSchema, description: string): Answer {
  return { description, content: { "application/json": schema } };
}

export function plainText(description: string): Answer {
  return { description, content: { "text/plain": { type: "string" } } };
}
