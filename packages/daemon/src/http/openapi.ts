/**
 * `GET /openapi.json`: an OpenAPI 3.1 document of the routes that are really registered, with what
 * they say of themselves (`operation.ts`). Routes that say nothing are left out of it.
 */

import swagger, { type SwaggerTransformObject } from "@fastify/swagger";
import type { FastifyPluginAsync, FastifySchema, RouteOptions } from "fastify";
import { Type } from "typebox";

import type { Log } from "#core/ports/log.ts";

import { ApiError, contentOf, refusalsAnywhere, responsesOf } from "./api-answers.ts";
import { answerErrors } from "./errors.ts";
import { refuseOtherMethods, watchRoutes } from "./methods.ts";
import { describeRoutes, json, type Operation } from "./operation.ts";

const PATH = "/openapi.json";

export interface OpenApi {
  /** collects the routes of all surfaces that come after it */
  readonly collecting: FastifyPluginAsync;
  /** serves what was collected */
  readonly surface: FastifyPluginAsync;
}

/** @param version the daemon's */
export function openApi(version: string, log: Log): OpenApi {
  const needBody = new Set<string>();
  const collecting: FastifyPluginAsync = async (app) => {
    app.addSchema(ApiError);
    await app.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: { title: "Alcove", version, description: DESCRIPTION },
        components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
        security: [{ token: [] }],
      },
      convertConstToEnum: false,
      exposeHeadRoutes: true,
      refResolver: {
        buildLocalReference: ({ $id }, _base, _fragment, index) => nameOf($id, index),
      },
      transform: ({ schema, url, route }) => {
        const { operation } = route.config ?? {};
        if (operation?.needsBody) needBody.add(operation.id);
        return { schema: documented(schema, route), url };
      },
      transformObject: (made) => {
        if (!("openapiObject" in made)) return made.swaggerObject;
        sayWhatMustBe(made.openapiObject, needBody);
        return made.openapiObject;
      },
    });
  };
  const surface: FastifyPluginAsync = async (app) => {
    const routes = watchRoutes(app);
    answerErrors(app, log, ({ message }) => message);
    describeRoutes(app, OPERATIONS);
    app.get(PATH, { config: { access: "host:read" } }, async () => app.swagger());
    refuseOtherMethods(app, routes);
  };
  // Without a room of its own: its hook is for all that comes later.
  return {
    collecting: Object.assign(collecting, { [Symbol.for("skip-override")]: true }),
    surface,
  };
}

const DESCRIPTION =
  "A self-hosted microVM host. At the root: the Slicer REST API; below /v1: Alcove's own.";

const OPERATIONS = {
  [`GET ${PATH}`]: {
    id: "getOpenApi",
    summary: "This document",
    answers: { 200: json(Type.Unsafe({ type: "object" }), "An OpenAPI 3.1 document") },
    refusals: [],
  },
};

function nameOf(id: unknown, index: number): string {
  return typeof id === "string" ? id : `def-${index}`;
}

type OpenApiDocument = Extract<
  Parameters<SwaggerTransformObject>[0],
  { openapiObject: unknown }
>["openapiObject"];

/** What swagger makes an operation of. */
interface Documented extends FastifySchema {
  hide?: boolean;
  [extra: string]: unknown;
}

function documented(given: FastifySchema | undefined, route: RouteOptions): Documented {
  const operation = shownOperation(route);
  if (!operation) return { hide: true };
  const isHead = route.method === "HEAD";
  const isOpen = route.config?.access === "open";
  const { id, summary, description, headers, body } = operation;
  return {
    ...given,
    operationId: isHead ? `${id}Head` : id,
    summary,
    tags: [route.url.startsWith("/v1/") ? "alcove" : "slicer"],
    response: responsesOf(operation, refusalsAnywhere(route), isHead),
    ...(description === undefined ? {} : { description }),
    ...(isOpen ? { security: [] } : {}),
    ...(headers ? { headers } : {}),
    ...(body ? { body: contentOf(body) } : {}),
    querystring: parametersOf(given?.querystring, operation),
  };
}

/** The HEAD forms of most routes are answered, but are not worth a mention. */
function shownOperation({ method, config }: RouteOptions): Operation | undefined {
  const operation = config?.operation;
  return method === "HEAD" && operation?.head !== "documented" ? undefined : operation;
}

/** The query's schema with the words and the duties that the operation knows of. */
function parametersOf(querystring: unknown, { parameters = {}, requires = [] }: Operation): object {
  const properties: Record<string, object> = {};
  for (const [name, schema] of propertiesOf(querystring)) {
    const description = parameters[name];
    properties[name] = description === undefined ? schema : { ...schema, description };
  }
  return { type: "object", properties, required: [...requires] };
}

function propertiesOf(schema: unknown): readonly [name: string, schema: object][] {
  if (typeof schema !== "object" || schema === null || !("properties" in schema)) return [];
  const { properties } = schema;
  return typeof properties === "object" && properties !== null ? Object.entries(properties) : [];
}

/** The plugin takes every body for a must; here most may be left out. */
function sayWhatMustBe(document: OpenApiDocument, needBody: ReadonlySet<string>): void {
  for (const item of Object.values(document.paths ?? {})) {
    for (const method of ["post", "patch", "put", "delete"] as const) {
      const operation = item?.[method];
      const body = operation?.requestBody;
      if (body && "content" in body) body.required = needBody.has(operation.operationId ?? "");
    }
  }
}
