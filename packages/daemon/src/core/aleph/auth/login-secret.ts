/**
 * The secret of a run of the daemon: whoever has it in a cookie may read the node's own configuration.
 *
 * Who makes the node writes it where only its operator reads it.
 */

import { randomBytes } from "node:crypto";

import { Refusal } from "../refusal.ts";
import { isSameSecret } from "./same-secret.ts";

const SECRET_BYTES = 32;

export class LoginSecret {
  /** URL-safe base64 */
  readonly text: string;

  constructor(text: string) {
    if (text === "") throw new Error("invariant: the login secret is empty");
    this.text = text;
  }

  static random(): LoginSecret {
    return new LoginSecret(randomBytes(SECRET_BYTES).toString("base64url"));
  }

  admits(token: string | undefined): boolean {
    return token !== undefined && isSameSecret(token, this.text);
  }

  /**
   * @param cookies the `Cookie` header
   * @throws Refusal `unauthorized`
   */
  demandCookie(cookies: string | undefined): void {
    if (this.admits(tokenIn(cookies ?? ""))) return;
    throw new Refusal("unauthorized", "401 Invalid token");
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
