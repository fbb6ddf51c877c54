/** Sign-in of browsers: what the OpenAPI document says of it. */

import { Session, SignInCode } from "@alcove/api";

import { json, type Operations } from "../operation.ts";

const COOKIE = { "Set-Cookie": "the session's id, for the browser alone" };

export const sessionOperations: Operations = {
  "GET /session": {
    id: "getSession",
    summary: "Whether this client is signed in",
    description:
      "Needs no token. A session that has used half of its time is renewed; it lasts 12 hours unused, and 7 days at most.",
    answers: { 200: json(Session, "What the client is here") },
    refusals: [],
  },
  "POST /session": {
    id: "signIn",
    summary: "Begin a session: the token or a sign-in code for a cookie",
    description:
      "For browsers, which cannot keep a token well. Cookies are taken from pages of the daemon's own origin only.",
    answers: {
      200: {
        ...json(Session, "Signed in; where nobody needs a token, without a cookie"),
        headers: COOKIE,
      },
    },
    refusals: [400, 401, 413],
  },
  "DELETE /session": {
    id: "signOut",
    summary: "End the session, and clear its cookie",
    answers: { 204: { description: "There is no session any more", headers: COOKIE } },
    refusals: [413],
  },
  "POST /session/codes": {
    id: "createSignInCode",
    summary: "Make a code that is good for one sign-in within ten minutes",
    answers: { 201: json(SignInCode, "The code") },
    refusals: [],
  },
};
