/**
 * Room that is kept for somebody who is about to publish a message. In memory only: a minute is soon over.
 *
 * A reservation of one's own never stands in one's way; those of others count as if they were VMs.
 */

import { createHash } from "node:crypto";

import type { Clock } from "../../ports/clock.ts";
import { isSameAddress } from "../caller.ts";
import type { InstanceContent } from "../message/content.ts";
import { type Commitment, needOf } from "./admission.ts";

/** how long room is kept, in `ms` */
export const RESERVATION_MS = 60_000;

/** reservations of one address; asking for one more gives up the oldest */
const MAX_PER_ADDRESS = 16;

/** reservations of all addresses together */
export const MAX_RESERVATIONS = 1024;

interface Reservation {
  readonly address: string;
  /** of the content, without the moment that it was written at */
  readonly key: string;
  readonly need: Commitment;
  /** addresses on the PCI bus */
  readonly gpus: readonly string[];
  readonly expires: Date;
}

export class Reservations {
  readonly #clock: Clock;
  #kept: readonly Reservation[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Keeps room from now on; what the same address kept for the same content is renewed.
   * @returns `undefined` when there are too many of other addresses
   */
  keep(address: string, content: InstanceContent, gpus: readonly string[]): Date | undefined {
    const key = keyOf(content);
    const others = this.#live().filter((it) => !isSameAddress(it.address, address));
    const own = this.#of(address).filter((it) => it.key !== key);
    if (others.length >= MAX_RESERVATIONS) return undefined;
    const expires = new Date(this.#clock.now().getTime() + RESERVATION_MS);
    const need = { ...needOf(content), diskUsedBytes: 0 };
    const kept = [...own.slice(-(MAX_PER_ADDRESS - 1)), { address, key, need, gpus, expires }];
    this.#kept = [...others, ...kept];
    return expires;
  }

  /** Gives up what an address keeps for this content, or else its oldest: the VM that it was for is there. */
  release(address: string, content: InstanceContent): void {
    const own = this.#of(address);
    const key = keyOf(content);
    const over = own.find((it) => it.key === key) ?? own[0];
    this.#kept = this.#kept.filter((it) => it !== over);
  }

  /** what is kept for everybody but this address */
  ofOthers(address: string): readonly Commitment[] {
    return this.#live()
      .filter((it) => !isSameAddress(it.address, address))
      .map(({ need }) => need);
  }

  /** who keeps a GPU; `undefined`: nobody */
  holderOf(pciHost: string): string | undefined {
    return this.#live().find(({ gpus }) => gpus.includes(pciHost))?.address;
  }

  /** those that are kept for anybody, by their addresses on the bus */
  gpus(): readonly string[] {
    return this.#live().flatMap(({ gpus }) => gpus);
  }

  /** oldest first */
  #of(address: string): readonly Reservation[] {
    return this.#live().filter((it) => isSameAddress(it.address, address));
  }

  #live(): readonly Reservation[] {
    const now = this.#clock.now();
    this.#kept = this.#kept.filter(({ expires }) => expires > now);
    return this.#kept;
  }
}

function keyOf(content: InstanceContent): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...content, time: 0 }))
    .digest("hex");
}
