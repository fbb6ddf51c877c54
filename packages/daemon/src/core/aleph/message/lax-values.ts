/** Values of JSON as pydantic takes them in its lax mode: numbers and flags may be texts. Pure. */

const TRUE_WORDS: readonly unknown[] = [true, 1, "1", "true", "t", "yes", "y", "on"];
const FALSE_WORDS: readonly unknown[] = [false, 0, "0", "false", "f", "no", "n", "off"];

/** why a value is not what it should be: of another type, or a text that says nothing of the kind */
export type NotLax = "wrong type" | "unparsable";

export function laxFlag(value: unknown): boolean | NotLax {
  const word = typeof value === "string" ? value.toLowerCase() : value;
  if (TRUE_WORDS.includes(word)) return true;
  if (FALSE_WORDS.includes(word)) return false;
  return typeof word === "string" || typeof word === "number" ? "unparsable" : "wrong type";
}

export function laxNumber(value: unknown): number | NotLax {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "string") return "wrong type";
  return /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : "unparsable";
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** 'a', 'b' or 'c' */
export function wordsOf(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}
