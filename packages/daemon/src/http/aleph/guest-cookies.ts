/** What of a client's cookies is a guest's business: not what people are signed in with at this host's own pages. */

import type { LoginSecret } from "#core/aleph/auth/login-secret.ts";

import { isSessionCookie } from "../session-cookie.ts";

/** @param values of `Cookie` headers. @returns the same without ours; empty when nothing is left */
export function guestCookies(
  values: readonly string[],
  login: Pick<LoginSecret, "isOperators">,
): string[] {
  const left = values.map((value) => {
    const pairs = value.split(";");
    const theirs = pairs.filter((pair) => !isOurs(pair, login));
    return theirs.length === pairs.length ? value : theirs.join(";").trim();
  });
  return left.filter((value) => value !== "");
}

function isOurs(pair: string, login: Pick<LoginSecret, "isOperators">): boolean {
  const [name = "", ...rest] = pair.split("=");
  if (isSessionCookie(name.trim())) return true;
  return name.trim() === "token" && login.isOperators(rest.join("="));
}
