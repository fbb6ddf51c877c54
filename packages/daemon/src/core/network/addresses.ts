/** Which address a new VM gets. Pure: it sees who has which. */

import { AlcoveError, invalidRequest } from "../errors.ts";
import { bridgePlan, bridgePool } from "./bridge-plan.ts";
import { isolatedPool, isolatedRange } from "./isolated-plan.ts";
import type { GroupNetwork } from "./network.ts";
import { routedAddress } from "./routed-plan.ts";
import { guestAddress } from "./user-network.ts";

export interface AddressRequest {
  readonly network: GroupNetwork;
  /** the host group's name */
  readonly group: string;
  /** the VM's place in the host's address plan */
  readonly slot: number;
  /** the address asked for, bare; `undefined` takes the first that is free */
  readonly wanted: string | undefined;
}

/**
 * @param taken addresses of all other VMs
 * @returns a bare IPv4; `undefined` without a network
 * @throws AlcoveError `no_capacity` when none is left, `invalid_request` when the one asked for cannot be given
 */
export function addressOf(request: AddressRequest, taken: ReadonlySet<string>): string | undefined {
  const { network, group, slot, wanted } = request;
  if (network.mode === "none" || network.mode === "user") {
    if (wanted !== undefined)
      throw invalidRequest("ip", `a ${network.mode} network has no address to choose`);
    return network.mode === "user" ? guestAddress(slot) : undefined;
  }
  if (network.mode === "routed") return routedAddress(network, wanted, taken);
  const pool = network.mode === "bridge" ? bridgePool(network) : isolatedPool(network, group);
  const range =
    network.mode === "bridge" ? bridgePlan(network).network : isolatedRange(network, group);
  return wanted === undefined
    ? firstFree(pool, taken, range)
    : asWanted(wanted, pool, taken, range);
}

function firstFree(pool: Iterable<string>, taken: ReadonlySet<string>, range: string): string {
  for (const address of pool) if (!taken.has(address)) return address;
  throw new AlcoveError("no_capacity", `Every address of ${range} is in use`, {
    resource: "addresses",
    needed: 1,
    available: 0,
  });
}

function asWanted(
  wanted: string,
  pool: Iterable<string>,
  taken: ReadonlySet<string>,
  range: string,
): string {
  if (taken.has(wanted)) throw invalidRequest("ip", `${wanted} is another VM's`);
  for (const address of pool) if (address === wanted) return wanted;
  throw invalidRequest("ip", `${wanted} is none of the addresses for guests in ${range}`);
}
