/** Query strings as the API reads them: form-urlencoded, repeated keys in order. */

import { AlcoveInputError } from "./input-error.ts";

export type QueryValue = string | number | boolean | readonly string[] | undefined;
export type Query = Readonly<Record<string, QueryValue>>;

/** @returns `?a=1&b=2`, or an empty text when nothing is set */
export function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const values = typeof value === "object" ? value : [String(value)];
    for (const one of values) parameters.append(key, one);
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

/** A path with every `${value}` percent-encoded: no value can add a segment or a query. */
export function urlPath(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((path, part, index) => path + part + encodeSegment(values[index]), "");
}

function encodeSegment(value: string | undefined): string {
  if (value === undefined) return "";
  if (value === "." || value === ".." || value === "") {
    throw new AlcoveInputError(`"${value}" is not a name`);
  }
  return encodeURIComponent(value);
}
