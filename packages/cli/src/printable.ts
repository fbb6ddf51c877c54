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
