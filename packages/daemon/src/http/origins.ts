/**
 * Which pages a browser may send requests for. A browser adds what it knows of us (a cookie, or the mere
 * way to a port of this machine) to requests of any page, and says with them where the page comes from.
 */

import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

import type { FastifyRequest } from "fastify";

import { AlcoveError } from "#core/errors.ts";

type Asked = Pick<FastifyRequest, "headers" | "method" | "ws">;

const READING = new Set(["GET", "HEAD"]);
/** a page of ours, or the person at the browser by typing the address */
const OWN_SITES = new Set(["same-origin", "none"]);

/**
 * What carries a session's cookie must come from our own page. Cookies know no ports: the page of a
 * guest that is forwarded to another port of this host is "same-site", and its requests carry the
 * cookie, too. Browsers send an Origin with all that could change something, and with WebSockets.
 */
export function refuseOtherPages(request: Asked): void {
  const { headers, method, ws } = request;
  const { origin, host } = headers;
  refuseOtherSites(request);
  if (origin !== undefined) {
    if (!isOwnOrigin(origin, host)) throw foreign(origin);
  } else if (ws || !READING.has(method)) {
    throw foreign("a page that does not say its origin");
  }
}

/** Pages elsewhere may not even read blindly, where the browser says that it is one of them. */
export function refuseOtherSites({ headers }: Pick<Asked, "headers">): void {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && !OWN_SITES.has(site)) {
    throw foreign(headers.origin ?? `a ${site} page`);
  }
}

/** A page that is not ours says so in what it sends; programs that are no browsers say nothing. */
export function refuseForeignPages({ headers }: Pick<Asked, "headers">): void {
  const { origin } = headers;
  if (origin !== undefined && isOfOtherPages(headers)) throw foreign(origin);
}

/** Whether the browser says that a page of another origin asks: it sends cookies along for those below the same domain. */
export function isOfOtherPages({ origin, host }: IncomingHttpHeaders): boolean {
  return origin !== undefined && !isOwnOrigin(origin, host);
}

/**
 * Whether a browser asks for something that a page has asked for, and not the person in front of it: by script, in a
 * frame, as an image. What is no browser does not say, and is not meant.
 */
export function isOfScripts(headers: IncomingHttpHeaders): boolean {
  const destination = headers["sec-fetch-dest"];
  return destination !== undefined && destination !== "document";
}

/** Somebody follows a link, or opens the address: that brings nothing but a page of ours. */
export function isVisit({ headers, method }: Asked): boolean {
  return method === "GET" && headers["sec-fetch-mode"] === "navigate";
}

/**
 * A page can give its own name the address of this machine after it was loaded, and is of our origin then.
 * What is served on loopback has no name with a dot in it, so a request by such a name is not meant for us.
 */
export function refuseForeignNames(host: string | undefined): void {
  const name = URL.parse(`http://${host ?? ""}`)?.hostname ?? "";
  if (!name.includes(".") || isIP(name) !== 0 || name.endsWith(".localhost")) return;
  const message = `This daemon runs without a token and is not called ${name}: use localhost or an address, or turn auth on`;
  throw new AlcoveError("foreign_origin", message, { origin: name });
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);
}

/** Whether the page was loaded by https: from whoever carries TLS for us, as the browser itself says. */
export function isSecureOrigin(origin: string | undefined): boolean {
  return origin !== undefined && URL.parse(origin)?.protocol === "https:";
}

/** Compared as origins are: whatever the case, and whether or not the usual port is written. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  const url = URL.parse(origin);
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return URL.parse(`${url.protocol}//${host ?? ""}`)?.host === url.host;
}

function foreign(origin: string): AlcoveError {
  const message =
    "Pages of other origins may not use this daemon; behind a proxy, let it pass the Host header on as it came";
  return new AlcoveError("foreign_origin", message, { origin });
}
