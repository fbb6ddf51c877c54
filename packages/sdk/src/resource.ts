/**
 * How an answer is checked: for the fields that programs rely on. Otherwise it is passed on as it
 * came, new fields included.
 */

import { AlcoveProtocolError, isObject } from "./errors.ts";

/** How a field is checked; `?` also allows it to be absent or null. */
type Kind =
  | "string"
  | "number"
  | "boolean"
  | "strings"
  | "object"
  | "string?"
  | "number?"
  | "boolean?"
  | "strings?"
  | "object?"
  | "list?";

/** A resource's name, for error messages, and the check that an answer is one. */
export interface Resource<T> {
  readonly what: string;
  readonly matches: (value: unknown) => value is T;
}

/** @throws AlcoveProtocolError when the answer is not what the type promises */
export function asResource<T>(value: unknown, { what, matches }: Resource<T>): T {
  if (matches(value)) return value;
  throw new AlcoveProtocolError(`The host's answer is not a valid ${what}`);
}

export function asResources<T>(value: unknown, kind: Resource<T>): readonly T[] {
  if (!Array.isArray(value)) throw new AlcoveProtocolError(`The host's answer is not a list`);
  return value.map((one) => asResource(one, kind));
}

export function resource<T>(
  what: string,
  fields: { readonly [K in keyof Required<T>]: Kind },
): Resource<T> {
  const kinds = Object.entries<Kind>(fields);
  return {
    what,
    matches: (value): value is T =>
      isObject(value) && kinds.every(([field, kind]) => fits(value[field], kind)),
  };
}

function fits(value: unknown, kind: Kind): boolean {
  if (kind.endsWith("?") && (value === undefined || value === null)) return true;
  const exact = kind.replace("?", "");
  if (exact === "object") return isObject(value);
  if (exact === "list") return Array.isArray(value);
  if (exact !== "strings") return typeof value === exact;
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
