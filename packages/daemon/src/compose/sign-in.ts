/** Sign-in of browsers: what all listeners share, so that a code made at one is good at another. */

import { isIPv6 } from "node:net";

import { type Clock, systemClock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";
import type { SessionStore } from "#core/ports/session-store.ts";
import { Guesses } from "#core/session/guesses.ts";
import { Sessions } from "#core/session/sessions.ts";
import { SignInCodes } from "#core/session/sign-in-codes.ts";
import { type Lock, tokenCheck } from "#http/auth.ts";
import type { SignInDesk } from "#http/native/session.ts";

export class SignIn implements SignInDesk {
  readonly clock: Clock = systemClock;
  readonly codes: SignInCodes = new SignInCodes(systemClock);
  readonly #store: SessionStore;
  readonly #log: Log;
  #lock: Lock | undefined;
  #consoleUrl: string | undefined;

  constructor(store: SessionStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** @returns the one lock of all listeners that ask for the token; a daemon has one token */
  lockFor(token: string): Lock {
    const { clock } = this;
    this.#lock ??= {
      isToken: tokenCheck(token),
      sessions: new Sessions({ store: this.#store, clock, log: this.#log }, token),
      guesses: new Guesses(clock, this.#log),
    };
    return this.#lock;
  }

  get consoleUrl(): string | undefined {
    return this.#consoleUrl;
  }

  /** @param address what the daemon listens on; one that stands for all is told as loopback */
  servesAt(address: string, port: number): void {
    this.#consoleUrl = `http://${nameOf(address)}:${port}/ui/`;
  }
}

const LOOPBACK_OF: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

function nameOf(address: string): string {
  const name = LOOPBACK_OF[address] ?? address;
  return isIPv6(name) ? `[${name}]` : name;
}
