/**
 * The launch of one guest as a program plays it in place of the processor's firmware: it is measured, and takes one
 * secret. Every answer is what the real one would be; nothing is protected by it.
 */

import { Refusal } from "../refusal.ts";
import type { Measurement, SealedSecret, SevInfo } from "../ports/confidential-backend.ts";
import { launchMeasure, MEASURE_BYTES } from "./measurement.ts";
import { fromBase64 } from "./octets.ts";
import { openPacket } from "./packet.ts";
import type { TransportKeys } from "./session.ts";

/** the firmware's interface that is played */
export const SIMULATED_API = { major: 1, minor: 55, build: 24 } as const;

/** what the processor calls the guest: there is only one in a launch */
const HANDLE = 1;

/** As it is kept between daemons: JSON, all bytes in base64. Whoever reads it reads the guest's secret. */
export interface SimulatedLaunchState {
  readonly tek: string;
  readonly tik: string;
  /** 16 bytes, the launch's own */
  readonly nonce: string;
  /** SHA-256 of the firmware */
  readonly digest: string;
  readonly policy: number;
  readonly state: "launch-secret" | "running";
}

export class SimulatedLaunch {
  #state: SimulatedLaunchState;

  private constructor(state: SimulatedLaunchState) {
    this.#state = state;
  }

  static begin(
    keys: TransportKeys,
    { policy, digest, nonce }: { policy: number; digest: Uint8Array; nonce: Uint8Array },
  ): SimulatedLaunch {
    return new SimulatedLaunch({
      tek: base64(keys.tek),
      tik: base64(keys.tik),
      nonce: base64(nonce),
      digest: base64(digest),
      policy,
      state: "launch-secret",
    });
  }

  /** @param state as `state` said it */
  static restore(state: SimulatedLaunchState): SimulatedLaunch {
    return new SimulatedLaunch(state);
  }

  get state(): SimulatedLaunchState {
    return this.#state;
  }

  /** The same every time. */
  measure(): Measurement {
    const { policy, state } = this.#state;
    const info: SevInfo = {
      enabled: true,
      apiMajor: SIMULATED_API.major,
      apiMinor: SIMULATED_API.minor,
      buildId: SIMULATED_API.build,
      policy,
      state,
      handle: HANDLE,
    };
    return { info, launchMeasure: this.#launchMeasure().toString("base64") };
  }

  /**
   * Nothing changes by it: that the guest runs is said with `runs`, once it does.
   * @returns the secret table
   * @throws Refusal `failed` when the guest runs already or the packet is not for this launch
   */
  open({ packetHeader, secret }: SealedSecret): Uint8Array {
    if (this.#state.state === "running") {
      throw new Refusal("failed", "The guest runs already and takes no secret any more");
    }
    const [header, encrypted] = [fromBase64(packetHeader), fromBase64(secret)];
    const keys = { tek: bytes(this.#state.tek), tik: bytes(this.#state.tik) };
    const measure = this.#launchMeasure().subarray(0, MEASURE_BYTES);
    const table = header && encrypted && openPacket({ header, encrypted }, keys, measure);
    if (table) return table;
    throw new Refusal("failed", "The packet does not fit the secret, the session or this launch");
  }

  runs(): void {
    this.#state = { ...this.#state, state: "running" };
  }

  #launchMeasure(): Buffer {
    const { tik, nonce, digest, policy } = this.#state;
    return launchMeasure(bytes(tik), {
      api: SIMULATED_API,
      policy,
      digest: bytes(digest),
      nonce: bytes(nonce),
    });
  }
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString("base64");
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "base64");
}
