/** Reads an OpenAPI document into what the reference shows. Whatever it lacks is left out; nothing in it is trusted. */

export type Json = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly place: string;
  readonly required: boolean;
  readonly schema: Json;
  readonly description: string | undefined;
}

/** A body or an answer in one of its forms. */
export interface Content {
  readonly type: string;
  readonly schema: Json;
}

export interface Answer {
  readonly status: string;
  readonly description: string;
  readonly contents: readonly Content[];
}

export interface Operation {
  /** also its address on the page */
  readonly id: string;
  /** in capitals */
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string | undefined;
  /** what lets a caller in, by name, any of them; none: everybody is let in. `token`: the daemon's */
  readonly credentials: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly bodies: readonly Content[];
  /** what goes well */
  readonly answers: readonly Answer[];
  /** from 400 on */
  readonly refusals: readonly Answer[];
}

export interface OperationGroup {
  /** "alcove: images" */
  readonly name: string;
  readonly operations: readonly Operation[];
}

export interface ApiDocument {
  readonly title: string;
  readonly version: string;
  readonly operations: readonly Operation[];
  /** by the API's tag and the first word of the path, by name */
  readonly groups: readonly OperationGroup[];
  /** finds what `$ref` names; an empty one where there is nothing */
  readonly resolve: (schema: Json) => Json;
}

const METHODS = ["get", "post", "put", "patch", "delete"];

export function readDocument(document: unknown): ApiDocument {
  const root = json(document);
  const groups = new Map<string, Operation[]>();
  for (const [path, item] of Object.entries(json(root["paths"]))) {
    for (const method of METHODS) {
      const found = json(item)[method];
      if (found === undefined) continue;
      const operation = operationOf(method, path, { security: root["security"], ...json(found) });
      const name = groupOf(text(list(json(found)["tags"])[0]), firstWord(path));
      groups.set(name, [...(groups.get(name) ?? []), operation]);
    }
  }
  const info = json(root["info"]);
  return {
    title: text(info["title"]) ?? "API",
    version: text(info["version"]) ?? "",
    operations: [...groups.values()].flat(),
    groups: Array.from(groups, ([name, operations]) => ({ name, operations })).toSorted((a, b) =>
      a.name.localeCompare(b.name),
    ),
    resolve: (schema) => resolve(root, schema),
  };
}

/** @returns those whose path, name or words hold every word that is looked for */
export function filterGroups(
  groups: readonly OperationGroup[],
  wanted: string,
): readonly OperationGroup[] {
  const words = wanted.trim().toLowerCase().split(/\s+/);
  const matches = ({ id, method, path, summary }: Operation) => {
    const all = `${method} ${path} ${id} ${summary}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
  return groups
    .map(({ name, operations }) => ({ name, operations: operations.filter(matches) }))
    .filter(({ operations }) => operations.length > 0);
}

function operationOf(method: string, path: string, operation: Json): Operation {
  const answers = Object.entries(json(operation["responses"])).map(([status, answer]) => ({
    status,
    description: text(json(answer)["description"]) ?? "",
    contents: contentsOf(json(answer)["content"]),
  }));
  return {
    id: text(operation["operationId"]) ?? `${method}-${path}`,
    method: method.toUpperCase(),
    path,
    summary: text(operation["summary"]) ?? path,
    description: text(operation["description"]),
    credentials: list(operation["security"]).flatMap((one) => Object.keys(json(one))),
    parameters: list(operation["parameters"]).map((it) => parameterOf(json(it))),
    bodies: contentsOf(json(operation["requestBody"])["content"]),
    answers: answers.filter(({ status }) => status < "400"),
    refusals: answers.filter(({ status }) => status >= "400"),
  };
}

function parameterOf(parameter: Json): Parameter {
  return {
    name: text(parameter["name"]) ?? "",
    place: text(parameter["in"]) ?? "",
    required: parameter["required"] === true,
    schema: json(parameter["schema"]),
    description: text(parameter["description"]),
  };
}

function contentsOf(content: unknown): readonly Content[] {
  return Object.entries(json(content)).map(([type, media]) => ({
    type,
    schema: json(json(media)["schema"]),
  }));
}

function groupOf(tag: string | undefined, word: string): string {
  return tag === undefined || tag === word ? word : `${tag}: ${word}`;
}

/** "images" of `/v1/images/works/{id}` */
function firstWord(path: string): string {
  const [first = "", second] = path.split("/").filter((part) => part !== "");
  return first === "v1" && second !== undefined ? second : first;
}

function resolve(root: Json, schema: Json): Json {
  const reference = text(schema["$ref"]);
  if (reference === undefined) return schema;
  const parts = reference.replace(/^#\//, "").split("/");
  return parts.reduce<Json>((at, part) => json(at[part]), root);
}

export function json(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
