/** Which program a request is for, and what path it sees. Pure. */

import type { FastifyRequest } from "fastify";

import { hashOfHostLabel } from "#core/aleph/item-hash.ts";

export interface Called {
  /** as given: it may be no hash at all */
  readonly ref: string;
  /** begins with `/`; query kept */
  readonly path: string;
}

const BY_PATH = /^\/vm\/([^/?]+)(.*)$/s;

/** @returns `undefined` when neither path nor host name mean a program */
export function calledBy(request: Pick<FastifyRequest, "url" | "headers">): Called | undefined {
  const [, ref, suffix] = BY_PATH.exec(request.url) ?? [];
  if (ref !== undefined) return { ref: decoded(ref), path: rooted(suffix ?? "") };
  const vmHash = hashOfHostLabel(hostOf(request).split(".", 1)[0] ?? "");
  return vmHash && { ref: vmHash, path: rooted(request.url) };
}

/** lower case, without a port */
export function hostOf({ headers }: Pick<FastifyRequest, "headers">): string {
  return (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
}

function rooted(suffix: string): string {
  return suffix.startsWith("/") ? suffix : `/${suffix}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no percent-encoding at all: it is what it is
  }
}
