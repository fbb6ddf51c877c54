/** Looks into JSON whose shape is what is being tested: a wrong shape fails with the value shown. */

import assert from "node:assert/strict";
import { inspect } from "node:util";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown): JsonObject {
  assert.ok(isObject(value), `not an object: ${inspect(value)}`);
  return value;
}

export function asObjects(value: unknown): readonly JsonObject[] {
  assert.ok(Array.isArray(value), `not a list: ${inspect(value)}`);
  return value.map(asObject);
}

/** the text in field `name` */
export function textIn(value: unknown, name: string): string {
  const text = asObject(value)[name];
  assert.ok(typeof text === "string", `${name} is not text in ${inspect(value)}`);
  return text;
}

/** RFC 3339 with a `T` and an offset, as a Go client insists */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

export function assertTime(value: unknown): void {
  assert.ok(
    typeof value === "string" && RFC_3339.test(value),
    `no RFC 3339 time: ${inspect(value)}`,
  );
}
