/** A command that asks for an operation, to be copied: the token is a variable, what must be chosen is in capitals. */

import { type Json, json, list, type Operation, type Parameter, text } from "./api-document.ts";
import type { Shaping } from "./shape.ts";

/** @param origin where the daemon is, such as `http://127.0.0.1:8080` */
export function curlExample(operation: Operation, origin: string, shaping: Shaping): string {
  const { method, path, parameters, bodies, credentials } = operation;
  const words = ["curl"];
  if (method !== "GET") words.push(`-X ${method}`);
  if (credentials.includes("token")) words.push('-H "Authorization: Bearer $ALCOVE_TOKEN"');
  const [body] = bodies;
  if (body?.type === "application/json")
    words.push("-H 'Content-Type: application/json'", `-d '${bodyOf(body.schema, shaping)}'`);
  else if (body) words.push(`-H 'Content-Type: ${body.type}'`, "--data-binary @FILE");
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  words.push(`'${origin}${filled}${queryOf(parameters)}'`);
  return words.join(" ");
}

function queryOf(parameters: readonly Parameter[]): string {
  const needed = parameters.filter(({ place, required }) => place === "query" && required);
  const pairs = needed.map(({ name }) => `${name}=${name.toUpperCase()}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** What must be there. Its quotes are the shell's, too: examples hold none of their own. */
function bodyOf(schema: Json, shaping: Shaping): string {
  return JSON.stringify(exampleOf(schema, shaping));
}

function exampleOf(given: Json, shaping: Shaping): unknown {
  const schema = shaping.resolve(given);
  const [either] = [...list(schema["anyOf"]), ...list(schema["oneOf"])];
  if (either !== undefined) return exampleOf(json(either), shaping);
  if ("const" in schema) return schema["const"];
  const type = text(schema["type"]);
  if (type === "object") {
    const properties = json(schema["properties"]);
    const required = list(schema["required"]).flatMap((name) => text(name) ?? []);
    // Where all may be left out, one shows at least what it would look like.
    const names = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
    return Object.fromEntries(
      names.map((name) => [name, memberOf(name, json(properties[name]), shaping)]),
    );
  }
  if (type === "array") return [];
  if (type === "integer" || type === "number") return 1;
  return type === "boolean" ? true : "…";
}

function memberOf(name: string, schema: Json, shaping: Shaping): unknown {
  const example = exampleOf(schema, shaping);
  return example === "…" ? name.toUpperCase() : example;
}
