/** The OpenAPI document as a test reads it: the operations, and what is wrong with an answer. */

import assert from "node:assert/strict";

import { type Static, Type } from "typebox";
import { Compile } from "typebox/schema";
import { Value } from "typebox/value";

const Media = Type.Record(Type.String(), Type.Object({ schema: Type.Unknown() }));
const Parameter = Type.Object({
  name: Type.String(),
  in: Type.String(),
  required: Type.Boolean(),
  schema: Type.Unknown(),
  description: Type.Optional(Type.String()),
});
const Operation = Type.Object({
  operationId: Type.String(),
  summary: Type.String(),
  parameters: Type.Optional(Type.Array(Parameter)),
  requestBody: Type.Optional(Type.Object({ required: Type.Boolean(), content: Media })),
  responses: Type.Record(
    Type.String(),
    Type.Object({ description: Type.String(), content: Type.Optional(Media) }),
  ),
});
const Document = Type.Object({
  openapi: Type.String(),
  paths: Type.Record(Type.String(), Type.Record(Type.String(), Operation)),
  components: Type.Object({ schemas: Type.Record(Type.String(), Type.Unknown()) }),
});

export interface ApiParameter extends Static<typeof Parameter> {}

export interface ApiOperation extends Static<typeof Operation> {
  /** upper case */
  readonly method: string;
  /** such as `/vm/{hostname}` */
  readonly path: string;
}

export class ApiDocument {
  readonly operations: readonly ApiOperation[];
  readonly #named: Readonly<Record<string, unknown>>;
  readonly #checks = new Map<unknown, ReturnType<typeof Compile>>();

  /** @param text what `GET /openapi.json` answers */
  constructor(text: string) {
    const { paths, components } = Value.Parse(Document, JSON.parse(text));
    this.#named = components.schemas;
    this.operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        ...operation,
        method: method.toUpperCase(),
        path,
      })),
    );
  }

  operation(id: string): ApiOperation {
    const found = this.operations.find(({ operationId }) => operationId === id);
    assert.ok(found, `no operation ${id}`);
    return found;
  }

  /** @returns what the document does not say of such an answer, or `undefined` */
  problemWith(
    { method, responses }: ApiOperation,
    answer: { readonly status: number; readonly type: string | undefined; readonly text: string },
  ): string | undefined {
    const { status, text } = answer;
    const response = responses[status];
    if (!response) return `${status} is not declared`;
    if (method === "HEAD") return text === "" ? undefined : "a body after HEAD";
    if (!response.content) return text === "" ? undefined : "a body where none is declared";
    const type = answer.type?.split(";", 1)[0] ?? "";
    const media = response.content[type];
    if (!media) return `${type || "no type"} is not declared for ${status}`;
    const values = valuesIn(type, text);
    return values.map((value) => this.#misfit(media.schema, value)).find((it) => it !== undefined);
  }

  #misfit(schema: unknown, value: unknown): string | undefined {
    const known = this.#checks.get(schema);
    const check = known ?? Compile(this.#strict(schema));
    this.#checks.set(schema, check);
    if (check.Check(value)) return undefined;
    const [, errors] = check.Errors(value);
    const words = errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
    return `${words.join("; ")} in ${JSON.stringify(value).slice(0, 300)}`;
  }

  /** References followed, and fields that are not declared forbidden: a real answer has none. */
  #strict(schema: unknown): object {
    if (typeof schema !== "object" || schema === null) return {};
    if ("$ref" in schema)
      return this.#strict(this.#named[String(schema.$ref).split("/").at(-1) ?? ""]);
    const entries = Object.entries(schema).map(([key, value]) => [key, this.#strictIn(key, value)]);
    const closed = "properties" in schema ? { additionalProperties: false } : {};
    return { ...Object.fromEntries(entries), ...closed };
  }

  #strictIn(key: string, value: unknown): unknown {
    if (key === "items") return this.#strict(value);
    if (key === "anyOf" && Array.isArray(value)) return value.map((one) => this.#strict(one));
    if (key !== "properties" || typeof value !== "object" || value === null) return value;
    const properties = Object.entries(value).map(([name, one]) => [name, this.#strict(one)]);
    return Object.fromEntries(properties);
  }
}

function valuesIn(type: string, text: string): unknown[] {
  if (type === "application/json") return [JSON.parse(text)];
  if (type !== "application/x-ndjson") return [];
  const lines = text.split("\n");
  assert.equal(lines.pop(), "", "the last line is not terminated");
  return lines.map((line) => JSON.parse(line));
}
