/** Codes for one sign-in each: what a printed address carries in place of the token. */

import { createHash, randomBytes } from "node:crypto";

import type { Clock } from "../ports/clock.ts";

/** how long a code is good, in ms */
export const CODE_MS = 10 * 60_000;
/** codes at a time; one more ends the oldest */
export const MAX_CODES = 64;
const CODE_BYTES = 24;

export interface SignInCode {
  readonly code: string;
  readonly expiresAt: Date;
}

/** Kept in memory alone: a new daemon knows none of them. */
export class SignInCodes {
  readonly #clock: Clock;
  /** by what the code's hash is: to look one up takes the same time whatever is asked */
  readonly #ends = new Map<string, Date>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(): SignInCode {
    const now = this.#clock.now();
    for (const [key, end] of this.#ends) if (end <= now) this.#ends.delete(key);
    // A map lists what came first, first.
    for (const key of this.#ends.keys()) {
      if (this.#ends.size < MAX_CODES) break;
      this.#ends.delete(key);
    }
    const code = randomBytes(CODE_BYTES).toString("base64url");
    const expiresAt = new Date(now.getTime() + CODE_MS);
    this.#ends.set(keyOf(code), expiresAt);
    return { code, expiresAt };
  }

  /** @returns whether it was good; it is not any more */
  spend(code: string): boolean {
    const key = keyOf(code);
    const end = this.#ends.get(key);
    this.#ends.delete(key);
    return end !== undefined && end > this.#clock.now();
  }
}

function keyOf(code: string): string {
  return createHash("sha256").update(code.trim()).digest("base64url");
}
