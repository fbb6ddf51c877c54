/** Who may act for an owner: what an owner's `security` aggregate says. Pure. */

import { isSameAddress } from "../caller.ts";
import type { MessageType } from "./content.ts";
import { isObject } from "./lax-values.ts";

/** entries that are looked at */
const MAX_AUTHORIZATIONS = 10_000;

/**
 * @param security value of the owner's aggregate of that name; anything else names nobody
 * @returns whether `address` may do what messages of this type are about
 */
export function isDelegate(security: unknown, address: string, type: MessageType): boolean {
  const entries = isObject(security) ? security["authorizations"] : undefined;
  if (!Array.isArray(entries)) return false;
  return entries.slice(0, MAX_AUTHORIZATIONS).some((entry: unknown) => {
    if (!isObject(entry) || typeof entry["address"] !== "string") return false;
    return isSameAddress(entry["address"], address) && isFor(entry["types"], type);
  });
}

function isFor(types: unknown, type: MessageType): boolean {
  return (
    types === undefined || (Array.isArray(types) && (types.length === 0 || types.includes(type)))
  );
}
