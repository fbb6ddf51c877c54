/** Schemas as people read shapes: `{ name: string, size?: integer }`, a member a line, what is said of it behind it. */

import { type Json, json, list, text } from "./api-document.ts";

/** deeper ones are named and not spelled out: a document could refer to itself */
const MAX_DEPTH = 8;

const INDENT = "  ";

export interface Shaping {
  readonly resolve: (schema: Json) => Json;
}

/** @returns lines of the shape, joined by line ends */
export function shapeOf(schema: Json, shaping: Shaping): string {
  return render(schema, shaping, 0);
}

function render(given: Json, shaping: Shaping, depth: number): string {
  const schema = shaping.resolve(given);
  if (depth > MAX_DEPTH) return "…";
  const either = [...list(schema["anyOf"]), ...list(schema["oneOf"])];
  if (either.length > 0) return either.map((one) => render(json(one), shaping, depth)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema["const"]);
  const values = list(schema["enum"]);
  if (values.length > 0) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (schema["type"] === "array") return arrayOf(schema, shaping, depth);
  if (schema["type"] === "object") return objectOf(schema, shaping, depth);
  const [...types] = Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]];
  return types.map((type) => text(type) ?? "any").join(" | ");
}

function arrayOf(schema: Json, shaping: Shaping, depth: number): string {
  const item = render(json(schema["items"]), shaping, depth);
  return item.includes(" | ") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
}

function objectOf(schema: Json, shaping: Shaping, depth: number): string {
  const members = Object.entries(json(schema["properties"]));
  const others = json(schema["additionalProperties"]);
  const isMap = Object.keys(others).length > 0;
  if (members.length === 0)
    return isMap ? `{ [name]: ${render(others, shaping, depth + 1)} }` : "object";
  const required = new Set(list(schema["required"]));
  const inner = INDENT.repeat(depth + 1);
  const lines = members.map(([name, member]) => {
    const type = render(json(member), shaping, depth + 1);
    const words = text(shaping.resolve(json(member))["description"]);
    const mark = required.has(name) ? "" : "?";
    return `${inner}${name}${mark}: ${type}${words === undefined ? "" : `  // ${words}`}`;
  });
  return `{\n${lines.join("\n")}\n${INDENT.repeat(depth)}}`;
}
