/** Signing in at a host from a browser, which keeps the session in a cookie that no script can read. */

import { ask, askJson, jsonRequest } from "./answer-text.ts";
import type { Session, SignIn, SignInCode } from "./session-shapes.ts";
import { asResource, type Resource, resource } from "./resource.ts";
import type { Wire } from "./wire.ts";

const PATH = "/v1/session";

const SESSION: Resource<Session> = resource<Session>("session", {
  sign_in: "string",
  signed_in: "boolean",
  expires_at: "string?",
});

const CODE: Resource<SignInCode> = resource<SignInCode>("sign-in code", {
  code: "string",
  expires_at: "string",
  console_url: "string?",
});

export class SessionApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  /** Needs no token; a session that has used half of its time is renewed. */
  async get(signal: AbortSignal): Promise<Session> {
    return asResource(await askJson(this.#wire, { method: "GET", path: PATH }, signal), SESSION);
  }

  /** @throws AlcoveApiError `unauthenticated` for a wrong token, or a code that was used or is too old */
  async signIn(request: SignIn, signal: AbortSignal): Promise<Session> {
    const answer = await askJson(this.#wire, jsonRequest("POST", PATH, request), signal);
    return asResource(answer, SESSION);
  }

  async signOut(signal: AbortSignal): Promise<void> {
    await ask(this.#wire, { method: "DELETE", path: PATH }, signal);
  }

  /** A code for one sign-in, for somebody without the token. */
  async code(signal: AbortSignal): Promise<SignInCode> {
    const request = { method: "POST", path: `${PATH}/codes` } as const;
    return asResource(await askJson(this.#wire, request, signal), CODE);
  }
}
