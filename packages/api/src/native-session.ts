/** Sign-in of browsers: `/v1/session`. */

import { type Static, Type } from "typebox";

/** One of both: the daemon's token, or a code that was made for one sign-in. */
export const SignIn = Type.Object({
  token: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
});
export type SignIn = Static<typeof SignIn>;

export const Session = Type.Object({
  /** `not_needed`: the listener asks nobody for a token */
  sign_in: Type.Union([Type.Literal("needed"), Type.Literal("not_needed")]),
  /** whether this client may call the rest: it has a session, sent the token, or needs neither */
  signed_in: Type.Boolean(),
  /** RFC 3339; when the session ends unless it is renewed; absent without one */
  expires_at: Type.Optional(Type.String()),
});
export type Session = Static<typeof Session>;

export const SignInCode = Type.Object({
  /** for one sign-in */
  code: Type.String(),
  /** RFC 3339 */
  expires_at: Type.String(),
  /** the console's own address on this host; absent when nothing is served on TCP */
  console_url: Type.Optional(Type.String()),
});
export type SignInCode = Static<typeof SignInCode>;
