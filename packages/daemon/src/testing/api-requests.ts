/** Requests that an OpenAPI document allows, almost allows, and does not allow, for property tests. */

import {
  type Arbitrary,
  array,
  boolean,
  constant,
  constantFrom,
  integer,
  jsonValue,
  oneof,
  option,
  record,
  string,
  tuple,
  uint8Array,
} from "fast-check";

import type { ApiOperation, ApiParameter } from "./api-document.ts";
import { unicodeText } from "./unicode-text.ts";

export interface ApiRequest {
  readonly method: string;
  /** path and query */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** Values that make sense, by the name of a parameter or of a field. */
export type Sensible = Readonly<Record<string, readonly string[]>>;

type Pairs = readonly (readonly [name: string, value: string])[];

export function apiRequest(operation: ApiOperation, sensible: Sensible): Arbitrary<ApiRequest> {
  const parameters = operation.parameters ?? [];
  const inPath = parameters.filter((it) => it.in === "path");
  const inQuery = parameters.filter((it) => it.in === "query");
  const inHeader = parameters.filter((it) => it.in === "header");
  return record({
    names: tuple(...inPath.map(({ name }) => wordFor(name, sensible))),
    query: pairs(inQuery, sensible),
    more: option(tuple(unicodeText, unicodeText), { freq: 8 }),
    headers: pairs(inHeader, sensible),
    body: bodyOf(operation, sensible),
    type: option(constantFrom("application/json", "text/plain", "application/x-tar", "nonsense")),
  }).map(({ names, query, more, headers, body, type }) => {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
      const given = names[inPath.findIndex((it) => it.name === name)] ?? "";
      return encodeURIComponent(given.replaceAll("?", "_")); // one client's query begins there
    });
    const search = new URLSearchParams();
    for (const [name, value] of [...query, ...(more ? [more] : [])]) search.append(name, value);
    return {
      method: operation.method,
      url: search.size === 0 ? path : `${path}?${search.toString()}`,
      headers: {
        ...Object.fromEntries(headers.map(([name, value]) => [name, inLatin(value)])),
        ...(type === null ? {} : { "content-type": type }),
        ...(body === undefined ? {} : { "content-length": String(body.length) }),
      },
      body,
    };
  });
}

/** Each parameter absent, once or twice. */
function pairs(parameters: readonly ApiParameter[], sensible: Sensible): Arbitrary<Pairs> {
  const each = parameters.map(({ name, required }) => {
    const values = array(wordFor(name, sensible), { minLength: 1, maxLength: 2 });
    const some = oneof({ weight: 6, arbitrary: values.map((it) => it.slice(0, 1)) }, values);
    const wanted = required
      ? option(some, { freq: 8, nil: [] })
      : option(some, { freq: 1, nil: [] });
    return wanted.map((list) => list.map((value) => [name, value] as const));
  });
  return tuple(...each).map((lists) => lists.flat());
}

function wordFor(name: string, sensible: Sensible): Arbitrary<string> {
  const known = sensible[name] ?? ["1"];
  return oneof(
    { weight: 8, arbitrary: constantFrom(...known) },
    { weight: 1, arbitrary: unicodeText },
    {
      weight: 1,
      arbitrary: constantFrom("", "..", "/", "\0", "-1", "%", "x".repeat(3_000), "1e9", "ü"),
    },
  );
}

function bodyOf({ requestBody }: ApiOperation, sensible: Sensible): Arbitrary<Buffer | undefined> {
  if (!requestBody) return option(string().map(toBytes), { freq: 6, nil: undefined });
  const media = requestBody.content["application/json"];
  if (!media)
    return option(uint8Array({ maxLength: 4_096 }).map(toBytes), { freq: 4, nil: undefined });
  const fitting = valueOf(media.schema, sensible, "");
  const json = oneof(
    { weight: 8, arbitrary: fitting.map((value) => JSON.stringify(value)) },
    {
      weight: 2,
      arbitrary: tuple(fitting, jsonValue()).map(([value, other]) => mixed(value, other)),
    },
    { weight: 1, arbitrary: jsonValue().map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: constantFrom("", "{", "null", "[]", "[".repeat(2_000), '{"a":1}}', "\u{feff}{}"),
    },
  ).map(toBytes);
  const bytes = uint8Array({ maxLength: 64 }).map(toBytes);
  return option(oneof({ weight: 12, arbitrary: json }, bytes), { freq: 8, nil: undefined });
}

/** A value that a schema allows, or that misses it by a little. */
function valueOf(schema: unknown, sensible: Sensible, name: string): Arbitrary<unknown> {
  if (typeof schema !== "object" || schema === null) return jsonValue();
  if ("anyOf" in schema && Array.isArray(schema.anyOf)) {
    return oneof(...schema.anyOf.map((one) => valueOf(one, sensible, name)));
  }
  if ("items" in schema) return array(valueOf(schema.items, sensible, name), { maxLength: 3 });
  if ("properties" in schema) return fieldsOf(schema.properties, sensible);
  return "type" in schema ? simpleValue(schema.type, sensible, name) : jsonValue();
}

function simpleValue(type: unknown, sensible: Sensible, name: string): Arbitrary<unknown> {
  if (type === "string") return wordFor(name, sensible);
  if (type === "boolean") return boolean();
  if (type === "integer") return oneof(integer({ min: 0, max: 8 }), NUMBERS);
  return type === "null" ? constant(null) : jsonValue();
}

const NUMBERS = constantFrom<number>(-1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e21, 268_435_456);

function fieldsOf(properties: unknown, sensible: Sensible): Arbitrary<unknown> {
  if (typeof properties !== "object" || properties === null) return constant({});
  const fields = Object.entries(properties).map(([name, schema]) => {
    return option(valueOf(schema, sensible, name), { freq: 1 }).map(
      (value) => [name, value] as const,
    );
  });
  return tuple(...fields).map((list) =>
    Object.fromEntries(list.filter(([, value]) => value !== null)),
  );
}

/** One field of a body is something else altogether. */
function mixed(value: unknown, other: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(other);
  const [name] = Object.keys(value);
  return JSON.stringify(name === undefined ? { name: other } : { ...value, [name]: other });
}

function toBytes(content: string | Uint8Array): Buffer {
  return Buffer.from(content);
}

/** What can stand in a header. */
function inLatin(value: string): string {
  return Buffer.from(value)
    .toString("latin1")
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?")
    .trim();
}
