/** Which address a new VM gets. Pure: it sees who has which. */

import { AlcoveError } from "../errors.ts";
import { guestAddress } from "./user-network.ts";
import type { GroupNetwork } from "./network.ts";

/**
 * @param slot the VM's place in the host's address plan
 * @returns a bare IPv4; `undefined` without a network
 */
export function addressOf(network: GroupNetwork, slot: number): string | undefined {
  if (network.mode === "none") return undefined;
  if (network.mode === "user") return guestAddress(slot);
  const feature = `network mode ${network.mode}`;
  throw new AlcoveError("unsupported", `This host has no ${feature}`, { feature });
}
