/**
 * Text that a guest or a host chose, made safe for a terminal: control characters (escape sequences
 * among them), direction overrides and other invisible characters are dropped.
 */

/** Controls (escape sequences begin with one), formats (direction overrides), odd line ends. */
const UNSAFE = /(?![\t\n])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** For text of several lines: newlines and tabs stay. */
export function printable(text: string): string {
  return text.replace(UNSAFE, "");
}

/** For one cell or one message: newlines and tabs become spaces. */
export function printableLine(text: string): string {
  return printable(text.replace(/[\t\n\r]+/g, " "));
}

/**
 * JSON in which what a terminal would obey is written as escapes: the same value to whoever reads it.
 * @param indent spaces; 0 is one line
 */
export function printableJson(value: unknown, indent: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, escaped);
}

/** One escape for each UTF-16 unit, as JSON has them. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
