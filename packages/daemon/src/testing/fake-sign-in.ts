/** Sign-in over a fake host: real sessions in its database, at a time that the test can move. */

import { Guesses } from "#core/session/guesses.ts";
import { Sessions } from "#core/session/sessions.ts";
import { SignInCodes } from "#core/session/sign-in-codes.ts";
import { type Lock, tokenCheck } from "#http/auth.ts";
import type { SignInDesk } from "#http/native/session.ts";
import { SqliteSessionStore } from "#store/sqlite-session-store.ts";

import type { FakeHost } from "./fake-host.ts";
import { MovedClock } from "./moved-clock.ts";

export interface FakeSignIn {
  readonly signIn: SignInDesk & { readonly clock: MovedClock };
  /** `undefined` without a token */
  readonly lock: Lock | undefined;
}

export function fakeSignIn({ db, log }: FakeHost, token: string | undefined): FakeSignIn {
  const clock = new MovedClock();
  const signIn = { clock, codes: new SignInCodes(clock), consoleUrl: "http://127.0.0.1:8080/ui/" };
  if (token === undefined) return { signIn, lock: undefined };
  const sessions = new Sessions({ store: new SqliteSessionStore(db), clock, log }, token);
  const lock = { isToken: tokenCheck(token), sessions, guesses: new Guesses(clock, log) };
  return { signIn, lock };
}
