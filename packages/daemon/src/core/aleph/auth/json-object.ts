/** Reading JSON that strangers have written. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns the value; `undefined` for what is no JSON, which no JSON means */
export function parsedJson(text: string, reviver?: Parameters<typeof JSON.parse>[1]): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined; // the caller says what is wrong, in the words of its own place
  }
}

/** The same for JSON in UTF-8. */
export function parsedJsonBytes(
  bytes: Uint8Array,
  reviver?: Parameters<typeof JSON.parse>[1],
): unknown {
  const text = textOf(bytes);
  return text === undefined ? undefined : parsedJson(text, reviver);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // no UTF-8
  }
}
