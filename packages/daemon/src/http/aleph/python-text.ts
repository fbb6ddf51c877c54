/** How Python writes texts, bytes and dates into messages that clients compare. Pure. */

/** bytes of a binary frame that are repeated in an answer */
const MAX_ECHO_BYTES = 256;

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** a text in quotes, as `repr` has it */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replace(/[\\\n\r\t\p{Cc}'"]/gu, (it) => escaped(it, quote));
  return `${quote}${inner}${quote}`;
}

/** bytes, as `repr` has them; what is too long ends in dots */
export function quotedBytes(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, MAX_ECHO_BYTES)).toString("latin1");
  const dots = bytes.length > MAX_ECHO_BYTES ? "..." : "";
  const quote = shown.includes("'") && !shown.includes('"') ? '"' : "'";
  const inner = shown.replace(/[\\\n\r\t'"]|[^\u0020-\u007e]/g, (it) => escaped(it, quote));
  return `b${quote}${inner}${dots}${quote}`;
}

/** `2025-06-01 12:00:00.123000+00:00`; no fraction where there is none */
export function aware(at: Date): string {
  return `${naive(at)}+00:00`;
}

/** the same without an offset */
export function naive(at: Date): string {
  const iso = at.toISOString();
  const fraction = at.getUTCMilliseconds() === 0 ? "" : `.${iso.slice(20, 23)}000`;
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}`;
}

/** `2026-11-22T03:57:00Z` */
export function isoSecond(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** a number as Python writes a float: `5.0` */
export function floatText(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function escaped(character: string, quote: string): string {
  if (character === "'" || character === '"') return character === quote ? `\\${quote}` : character;
  const known = ESCAPES[character];
  return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
