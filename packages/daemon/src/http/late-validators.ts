/**
 * Schemas are compiled when the first request needs them, not all at start: of some hundred most are never needed, and
 * each listener has its own. That they can be compiled is seen by the tests, which ask every route.
 */

import type { FastifyServerOptions } from "fastify";

type Ajv = Parameters<NonNullable<NonNullable<FastifyServerOptions["ajv"]>["onCreate"]>>[0];

interface Check {
  (data: unknown): unknown;
  /** of the last call */
  errors?: ReturnType<Ajv["compile"]>["errors"];
}

/** What this validator compiles from now on is compiled at its first use. */
export function compileLate(ajv: Ajv): void {
  const compile = ajv.compile.bind(ajv);
  const late = (schema: object): Check => {
    let made: ReturnType<typeof compile> | undefined;
    const check: Check = (data) => {
      made ??= compile(schema);
      const fits = made(data);
      check.errors = made.errors;
      return fits;
    };
    return check;
  };
  Object.assign(ajv, { compile: late });
}
