/** The `Authorization` header of a signed allocation request, taken apart. Pure; nothing is proven yet. */

import { bytesOfPrefixedHex } from "./hex.ts";
import { isJsonObject, parsedJsonBytes } from "./json-object.ts";

const SCHEME = /^aleph-eip191-v1 +(.*)$/i;
const MAX_HEADER_CHARS = 16_384;

export interface AllocationClaim {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly method: string;
  readonly path: string;
  /** SHA-256, 64 lower-case hexadecimal digits */
  readonly bodySha256: string;
  /** when it was signed, in whole seconds since 1970 */
  readonly iat: number;
}

/** @returns `undefined` for anything else */
export function allocationClaimIn(authorization: string): AllocationClaim | undefined {
  const parameters = SCHEME.exec(authorization.slice(0, MAX_HEADER_CHARS + 1))?.[1];
  if (parameters === undefined || authorization.length > MAX_HEADER_CHARS) return undefined;
  const values = new Map(parameters.split(",").map(nameAndValue));
  const payload = bytesOfPrefixedHex(values.get("payload") ?? "");
  const signature = bytesOfPrefixedHex(values.get("sig") ?? "");
  const isWhole = parameters.split(",").length === 2 && values.size === 2;
  if (!isWhole || !payload?.length || !signature?.length) return undefined;
  return claimOf(payload, signature);
}

function nameAndValue(parameter: string): [string, string] {
  const [name = "", ...rest] = parameter.trim().split("=");
  return [name.trim(), rest.join("=").trim()];
}

function claimOf(payload: Uint8Array, signature: Uint8Array): AllocationClaim | undefined {
  const said = saidIn(payload);
  if (!isJsonObject(said)) return undefined;
  const { method, path, body_sha256: bodySha256, iat } = said;
  if (typeof method !== "string" || typeof path !== "string") return undefined;
  if (typeof bodySha256 !== "string" || typeof iat !== "number") return undefined;
  return Number.isSafeInteger(iat)
    ? { payload, signature, method, path, bodySha256, iat }
    : undefined;
}

/** `iat` is a whole number as it is written: `1.0` and `1e3` are none, so they are left out. */
function saidIn(payload: Uint8Array): unknown {
  return parsedJsonBytes(payload, (...[key, value, context]: unknown[]) =>
    key === "iat" && typeof value === "number" && !isWholeLiteral(context) ? undefined : value,
  );
}

function isWholeLiteral(context: unknown): boolean {
  const source = isJsonObject(context) ? context["source"] : undefined;
  return typeof source === "string" && /^-?\d+$/.test(source);
}
