/** Port: which places of the address plan somebody else on this host is in. */

import type { InstanceNetwork } from "../execution/address-plan.ts";

/** Of a VM that has no machine yet. */
export type Place = Pick<InstanceNetwork, "tap" | "ipv4" | "ipv6">;

export interface HostPlaces {
  /** @returns what says of a place whether it is taken, by a device of its tap's name or a network of the host's as it is now */
  taken(): (place: Place) => boolean;
}
