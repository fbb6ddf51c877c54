/** Which page of a browser a request comes from, as far as browsers say it. */

import type { IncomingHttpHeaders } from "node:http";

/** A browser sends cookies along for pages of other names below the same domain, too: VMs may have such ones. */
export function isOfOtherPages({ origin, host = "" }: IncomingHttpHeaders): boolean {
  return origin !== undefined && origin.replace(/^https?:\/\//, "") !== host;
}

/**
 * Whether a browser asks for something that a page has asked for, and not the person in front of it: by script, in a
 * frame, as an image. What is no browser does not say, and is not meant.
 */
export function isOfScripts(headers: IncomingHttpHeaders): boolean {
  const destination = headers["sec-fetch-dest"];
  return destination !== undefined && destination !== "document";
}
