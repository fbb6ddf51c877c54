/** `client.session`: whether this client is signed in at the host, and how to become it. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { Session, SignIn, SignInCode } from "../session-shapes.ts";
import type { SessionApi } from "../session.ts";
import { type CallOptions, signalOf } from "./call.ts";

/** For browsers: with a token the client needs no session. */
export class Sessions {
  readonly #api: SessionApi;

  constructor(api: SessionApi) {
    this.#api = api;
  }

  /** Asks the host, without a token; a session that has used half of its time is renewed. */
  async get(options: CallOptions = {}): Promise<CamelKeys<Session>> {
    return camelKeys(await this.#api.get(signalOf(options)));
  }

  /** @throws AlcoveApiError `unauthenticated` for a wrong token, or a code that was used or is too old */
  async signIn(request: SignIn, options: CallOptions = {}): Promise<CamelKeys<Session>> {
    return camelKeys(await this.#api.signIn(request, signalOf(options)));
  }

  /** Ends the session; harmless without one. */
  async signOut(options: CallOptions = {}): Promise<void> {
    await this.#api.signOut(signalOf(options));
  }

  /** A code for one sign-in, good for ten minutes. */
  async code(options: CallOptions = {}): Promise<CamelKeys<SignInCode>> {
    return camelKeys(await this.#api.code(signalOf(options)));
  }
}
