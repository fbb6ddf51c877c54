/** How a session's keys are kept in a file between `initialize` and the machine they are for: JSON, hexadecimal. */

import type { TransportKeys } from "./session.ts";

const KEY = /^[0-9a-f]{32}$/;

export function formatKeys({ tek, tik }: TransportKeys): string {
  return JSON.stringify({ tek: hex(tek), tik: hex(tik) });
}

/** @throws Error for what `formatKeys` has not written */
export function parseKeys(text: string): TransportKeys {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && "tek" in value && "tik" in value) {
    const { tek, tik } = value;
    if (isKey(tek) && isKey(tik))
      return { tek: Buffer.from(tek, "hex"), tik: Buffer.from(tik, "hex") };
  }
  throw new Error("The file of a session's keys is damaged");
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && KEY.test(value);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
