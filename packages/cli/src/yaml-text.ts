/** Plain values as YAML: maps, lists, texts, numbers and booleans, in the order they have. */

export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

/** Texts that YAML reads as they are; all others are quoted. Words such as `no` mean something else. */
const PLAIN = /^(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z_/][A-Za-z0-9_./@+-]*$/i;

/** A field that is `undefined` is left out; a text of several lines is quoted with `\n`. */
export function yamlText(value: YamlValue, indent: string = ""): string {
  if (isList(value)) return value.map((item) => listItem(item, indent)).join("");
  if (typeof value !== "object") return `${indent}${scalar(value)}\n`;
  return Object.entries(value)
    .map(([key, item]) => (item === undefined ? "" : field(key, item, indent)))
    .join("");
}

function field(key: string, value: YamlValue, indent: string): string {
  if (typeof value !== "object") return `${indent}${key}: ${scalar(value)}\n`;
  if (isList(value) && value.length === 0) return `${indent}${key}: []\n`;
  return `${indent}${key}:\n${yamlText(value, `${indent}  `)}`;
}

/** A map in a list begins on the line of its dash. */
function listItem(item: YamlValue, indent: string): string {
  return `${indent}- ${yamlText(item, `${indent}  `).trimStart()}`;
}

function scalar(value: string | number | boolean): string {
  return typeof value === "string" && !PLAIN.test(value) ? JSON.stringify(value) : String(value);
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}
