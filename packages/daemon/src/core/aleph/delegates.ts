/** Whom an owner's `security` aggregate lets act for the owner. Pure. */

import { isJsonObject } from "./auth/json-object.ts";
import type { MessageType } from "./message/content.ts";

/** entries that are read; whoever comes later in the list is no delegate */
const MAX_AUTHORIZATIONS = 4096;

/**
 * Entries that are no objects are skipped, and so is what they restrict but the types of messages: chains, channels
 * and the like say nothing of VMs.
 * @param aggregate value of the aggregate as JSON; anything else names nobody
 * @returns who may do what messages of this type are about: addresses in lower case
 */
export function delegatesIn(aggregate: unknown, type: MessageType): ReadonlySet<string> {
  const delegates = new Set<string>();
  const list = isJsonObject(aggregate) ? aggregate["authorizations"] : undefined;
  if (!Array.isArray(list)) return delegates;
  for (const entry of list.slice(0, MAX_AUTHORIZATIONS)) {
    if (!isJsonObject(entry)) continue;
    const { address, types } = entry;
    if (typeof address === "string" && covers(types, type)) delegates.add(address.toLowerCase());
  }
  return delegates;
}

export function isDelegate(aggregate: unknown, address: string, type: MessageType): boolean {
  return delegatesIn(aggregate, type).has(address.toLowerCase());
}

function covers(types: unknown, type: MessageType): boolean {
  if (types === undefined || types === null) return true;
  return Array.isArray(types) && (types.length === 0 || types.includes(type));
}
