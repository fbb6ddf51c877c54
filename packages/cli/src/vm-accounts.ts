/** What only Alcove's own API says of VMs; a host that has none says nothing. */

import { AlcoveApiError, type HostApi } from "@alcove/sdk";
import type { VmSummary, VmDetails } from "@alcove/sdk/native-shapes.ts";

/** @returns by host name; `undefined` where the host does not know */
export async function vmAccounts(
  client: HostApi,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, VmSummary> | undefined> {
  const all = await known(client.native.vms("all", signal));
  return all && new Map(all.map((one) => [one.hostname, one]));
}

/** @returns `undefined` where the host does not know */
export async function vmDetails(
  client: HostApi,
  hostname: string,
  signal: AbortSignal,
): Promise<VmDetails | undefined> {
  return await known(client.native.vm(hostname, signal));
}

/** A VM that is gone meanwhile has no account either. */
async function known<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AlcoveApiError && error.status === 404) return undefined;
    throw error;
  }
}
