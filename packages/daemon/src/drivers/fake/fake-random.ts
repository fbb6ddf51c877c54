/**
 * The random source of a fake guest: like a kernel's, it is a state that each draw moves on, so a copy
 * of the memory draws the same again until it is fed something of its own.
 */

import { createHash, randomBytes } from "node:crypto";

const STATE_BYTES = 32;

export class FakeRandom {
  #state: Buffer;

  constructor(state: Buffer = randomBytes(STATE_BYTES)) {
    this.#state = state;
  }

  /** One that draws the same from now on. */
  copy(): FakeRandom {
    return new FakeRandom(this.#state);
  }

  /** Everything drawn later depends on `entropy`, too. */
  reseed(entropy: Uint8Array): void {
    this.#state = mixed("reseed", this.#state, entropy);
  }

  /** @returns as `/proc/sys/kernel/random/uuid` does */
  uuid(): string {
    const hex = mixed("draw", this.#state).toString("hex");
    this.#state = mixed("next", this.#state);
    const parts = [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      `a${hex.slice(17, 20)}`,
    ];
    return [...parts, hex.slice(20, 32)].join("-");
  }
}

function mixed(purpose: string, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256").update(purpose);
  for (const part of parts) hash.update(part);
  return hash.digest();
}
