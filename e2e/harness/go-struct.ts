/**
 * A Go struct as a check of JSON: what Go's decoder refuses is refused here. Other fields are ignored
 * and absent ones or null stay empty, except those that the API itself promises.
 */

import type { Check } from "../../packages/daemon/src/testing/strict-json.ts";

export type Fields = Readonly<Record<string, Check>>;

/** @param promised names of fields that must be there */
export function struct(fields: Fields, ...promised: readonly string[]): Check {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no object";
    const given = new Map<string, unknown>(Object.entries(value));
    const missing = promised.find((name) => given.get(name) === undefined);
    if (missing !== undefined) return `.${missing} is missing`;
    return problems(fields, given)[0];
  };
}

function problems(fields: Fields, given: ReadonlyMap<string, unknown>): readonly string[] {
  return Object.entries(fields).flatMap(([name, check]) => {
    const value = given.get(name);
    const problem = value === undefined || value === null ? undefined : check(value);
    return problem === undefined ? [] : [`.${name} ${problem}`];
  });
}
