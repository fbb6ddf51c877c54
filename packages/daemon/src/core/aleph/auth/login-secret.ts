/**
 * The secret of a run of the daemon: whoever has it in a cookie may read the node's own configuration.
 *
 * Who makes the node writes it where only its operator reads it. What browsers are given is not the secret but made of
 * it: they send cookies to every port of a host, to a forwarded guest's, too, and links to backups are signed with the
 * secret itself.
 */

import { createHmac, randomBytes } from "node:crypto";

import { Refusal } from "../refusal.ts";
import { isSameSecret } from "./same-secret.ts";

const SECRET_BYTES = 32;

export class LoginSecret {
  /** URL-safe base64 */
  readonly text: string;
  /** what a browser gets for it, the same in URL-safe base64: as good as the secret in a cookie, and for nothing else */
  readonly cookie: string;

  constructor(text: string) {
    if (text === "") throw new Error("invariant: the login secret is empty");
    this.text = text;
    this.cookie = createHmac("sha256", text).update("operator's cookie").digest("base64url");
  }

  static random(): LoginSecret {
    return new LoginSecret(randomBytes(SECRET_BYTES).toString("base64url"));
  }

  admits(token: string | undefined): boolean {
    return token !== undefined && isSameSecret(token, this.text);
  }

  /** @param cookies the `Cookie` header; the one that counts may also hold the secret itself */
  admitsCookie(cookies: string | undefined): boolean {
    const token = tokenIn(cookies ?? "");
    if (token === undefined) return false;
    return this.admits(token) || isSameSecret(token, this.cookie);
  }

  /**
   * @param cookies the `Cookie` header
   * @throws Refusal `unauthorized`
   */
  demandCookie(cookies: string | undefined): void {
    if (this.admitsCookie(cookies)) return;
    throw new Refusal("unauthorized", "401 Invalid token");
  }

  /** @returns whether a cookie's value is the operator's, and not a guest's business */
  isOperators(value: string): boolean {
    return this.admitsCookie(`token=${value}`);
  }
}

/** @returns the cookie `token`, the last one if there are several, with the quotes around it taken off */
function tokenIn(cookies: string): string | undefined {
  const pairs = cookies.split(";").map((cookie) => cookie.split("="));
  const found = pairs.findLast(([name]) => name?.trim() === "token");
  const value = found?.slice(1).join("=").trim();
  const isQuoted = value !== undefined && /^"[^"]*"$/.test(value);
  return isQuoted ? value.slice(1, -1) : value;
}
