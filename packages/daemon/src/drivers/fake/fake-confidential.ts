/** Confidential machines without processes: they stand still until their secret is in. */

import type { SimulatedLaunch } from "#core/aleph/confidential/simulated-launch.ts";
import type {
  Measurement,
  RunStatus,
  SealedSecret,
} from "#core/aleph/ports/confidential-backend.ts";
import type { ConfidentialDoor } from "#core/ports/machine.ts";

import type { FakeGuest } from "./fake-guest.ts";

export class FakeDoor implements ConfidentialDoor {
  /** what the guest was told, as a table; `undefined` while it waits */
  secret: Uint8Array | undefined;
  readonly #launch: SimulatedLaunch;
  readonly #guest: FakeGuest;

  /** Stops the guest. */
  constructor(launch: SimulatedLaunch, guest: FakeGuest) {
    this.#launch = launch;
    this.#guest = guest;
    guest.pause();
  }

  async measure(signal: AbortSignal): Promise<Measurement> {
    signal.throwIfAborted();
    return this.#launch.measure();
  }

  async inject(sealed: SealedSecret, signal: AbortSignal): Promise<RunStatus> {
    signal.throwIfAborted();
    this.secret = this.#launch.open(sealed);
    this.#launch.runs();
    this.#guest.resume();
    return { status: "running", singlestep: false, running: true };
  }
}
