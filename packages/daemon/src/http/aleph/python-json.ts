/** JSON as the network's orchestrator writes it: spaces after commas and colons, nothing but ASCII, `60.0` for a real number. */

/** A number that is real by its kind, also where it has no fraction. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number {
    return this.value;
  }
}

interface Style {
  readonly comma: string;
  readonly colon: string;
}

const SPACED: Style = { comma: ", ", colon: ": " };
const COMPACT: Style = { comma: ",", colon: ":" };

export function pythonJson(value: unknown): string {
  return written(value, SPACED);
}

export function compactJson(value: unknown): string {
  return written(value, COMPACT);
}

function written(value: unknown, style: Style): string {
  if (value instanceof Float) return real(value.value);
  if (value instanceof Date) return ascii(JSON.stringify(value));
  if (Array.isArray(value)) {
    return `[${value.map((it) => written(it, style)).join(style.comma)}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, it]) => it !== undefined);
    const texts = members.map(([k, it]) => `${text(k)}${style.colon}${written(it, style)}`);
    return `{${texts.join(style.comma)}}`;
  }
  return ascii(JSON.stringify(value) ?? "null");
}

function text(value: string): string {
  return ascii(JSON.stringify(value));
}

function real(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}

/** JSON.stringify has escaped lone surrogates already; DEL is ASCII, and stays. */
function ascii(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
