/** Whom an owner's `security` aggregate lets operate the owner's VMs. Pure. */

import { isJsonObject } from "./json-object.ts";

/** entries that are read; whoever comes later in the list is no delegate */
const MAX_AUTHORIZATIONS = 4096;

/**
 * Entries that are no objects are skipped, and so is what they restrict but the types of messages: chains, channels
 * and the like say nothing of VMs.
 * @param aggregate as JSON
 * @returns addresses in lower case
 */
export function delegatesIn(aggregate: unknown): ReadonlySet<string> {
  const delegates = new Set<string>();
  const list = isJsonObject(aggregate) ? aggregate["authorizations"] : undefined;
  if (!Array.isArray(list)) return delegates;
  for (const entry of list.slice(0, MAX_AUTHORIZATIONS)) {
    if (!isJsonObject(entry)) continue;
    const { address, types } = entry;
    if (typeof address === "string" && coversInstances(types)) delegates.add(address.toLowerCase());
  }
  return delegates;
}

function coversInstances(types: unknown): boolean {
  if (types === undefined || types === null) return true;
  return Array.isArray(types) && (types.length === 0 || types.includes("INSTANCE"));
}
