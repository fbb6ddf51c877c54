/**
 * The address plan of user-mode networks.
 *
 * Each VM's user-mode stack is a network of its own that nobody else can reach, so
 * all could share one address; giving each its own keeps lists and logs honest.
 * A slot is a /28 of 10.233.0.0/16: .2 gateway, .3 name server, .4 the guest; and, where the host has
 * IPv6, a /64 of local addresses, of which the guest takes one by itself.
 */

import { createHash } from "node:crypto";

import { AlcoveError } from "../errors.ts";
import type { GuestNetwork } from "../ports/guest-network.ts";
import type { NetworkPlan } from "../ports/machine.ts";

export type Families = "IPv4" | "IPv4 and IPv6";

const PREFIX = 28;
const SLOT_SIZE = 16;
export const NETWORK_SLOTS = 4096;

/** @throws AlcoveError `no_capacity` when every slot is taken */
export function freeSlot(taken: ReadonlySet<number>): number {
  for (let slot = 0; slot < NETWORK_SLOTS; slot += 1) if (!taken.has(slot)) return slot;
  throw new AlcoveError("no_capacity", "Every network address of this host is in use", {
    resource: "addresses",
    needed: 1,
    available: 0,
  });
}

export function guestAddress(slot: number): string {
  return addressIn(slot, 4);
}

/** @param families what the host itself can speak to the world */
export function userNetworkPlan(
  slot: number,
  mac: string,
  families: Families = "IPv4",
): NetworkPlan {
  return {
    mode: "user",
    mac,
    cidr: `${addressIn(slot, 0)}/${PREFIX}`,
    address: guestAddress(slot),
    gateway: addressIn(slot, 2),
    dns: addressIn(slot, 3),
    cidr6: families === "IPv4" ? undefined : `fd00:a1c0:7e:${slot.toString(16)}::/64`,
  };
}

export function userGuestNetwork(slot: number, mac: string): GuestNetwork {
  return {
    interface: "eth0",
    mac,
    address: guestAddress(slot),
    prefix: PREFIX,
    gateway: addressIn(slot, 2),
    dns: [addressIn(slot, 3)],
  };
}

/** The same for the same name, and for nobody else's; locally administered. */
export function macAddress(name: string): string {
  const digest = createHash("sha256").update(name).digest();
  const tail = [...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, "0"));
  return ["02", ...tail].join(":");
}

function addressIn(slot: number, host: number): string {
  const offset = slot * SLOT_SIZE + host;
  return `10.233.${offset >> 8}.${offset & 0xff}`;
}
