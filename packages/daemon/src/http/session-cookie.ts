/** The cookie that holds a session's id. */

import type { IncomingHttpHeaders } from "node:http";

import { isSecureOrigin } from "./origins.ts";

const ID = /^[\w-]{43}$/;
/**
 * @returns ids that the browser sent, of which at most one is a session's: a page on another port of this host can add
 * cookies of the same name, and must not be able to hide ours among them. A request's head, of at most 16 KiB, has room
 * for some two hundred. Cookies know no ports, so the port by which the browser knows us is in the name: hosts that are
 * forwarded to several ports stay apart.
 */
export function sessionIdsIn(headers: IncomingHttpHeaders): readonly string[] {
  const prefix = `${nameFor(headers.host)}=`;
  return (headers.cookie ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part.startsWith(prefix))
    .map((part) => part.slice(prefix.length))
    .filter((id) => ID.test(id));
}

/** @returns what `Set-Cookie` is to say, until `expiresAt` */
export function cookieFor(
  id: string,
  { expiresAt, now }: { readonly expiresAt: Date; readonly now: Date },
  headers: IncomingHttpHeaders,
): string {
  const seconds = Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 1_000));
  return cookie(id, seconds, headers);
}

export function noCookie(headers: IncomingHttpHeaders): string {
  return cookie("", 0, headers);
}

/**
 * `Secure` where the browser says that its page came by https. A proxy's X-Forwarded-Proto is not asked: anybody can
 * send that, and a browser's Origin cannot be made up by a page.
 */
function cookie(value: string, seconds: number, headers: IncomingHttpHeaders): string {
  const secure = isSecureOrigin(headers.origin) ? "; Secure" : "";
  return `${nameFor(headers.host)}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${secure}`;
}

/** Whether a cookie of this name is a session's, whatever the port that it is for. */
export function isSessionCookie(name: string): boolean {
  return /^alcove_session(?:_\d+)?$/.test(name);
}

function nameFor(host: string | undefined): string {
  const port = URL.parse(`http://${host ?? ""}`)?.port ?? "";
  return port === "" ? "alcove_session" : `alcove_session_${port}`;
}
