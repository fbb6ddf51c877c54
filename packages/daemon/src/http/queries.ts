/** Query parameters that are given more than once. */

import type { FastifyInstance } from "fastify";

/** Of a parameter that has one value the first counts, as with Go's servers; lists keep all of theirs. */
export function firstOfRepeated(app: FastifyInstance): void {
  app.addHook("preValidation", async ({ query, routeOptions }) => {
    if (!isObject(query)) return;
    for (const name of textsOf(routeOptions.schema?.querystring)) {
      const value = query[name];
      if (Array.isArray(value)) query[name] = value[0];
    }
  });
}

/** The names of the parameters that a schema says are one text. */
function textsOf(schema: unknown): string[] {
  const properties = isObject(schema) ? schema["properties"] : undefined;
  if (!isObject(properties)) return [];
  return Object.keys(properties).filter((name) => {
    const property = properties[name];
    return isObject(property) && property["type"] === "string";
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
