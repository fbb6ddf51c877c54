/** One end of a copy, as written: `VM:PATH`, a local path, or `-`. */

export type CopyEnd = GuestEnd | LocalEnd | StreamEnd;

export interface GuestEnd {
  readonly kind: "guest";
  readonly hostname: string;
  /** absolute, or relative to a home directory (`~/…`) */
  readonly path: string;
}

export interface LocalEnd {
  readonly kind: "local";
  readonly path: string;
}

/** standard input or output */
export interface StreamEnd {
  readonly kind: "stream";
}

const GUEST = /^([A-Za-z0-9][A-Za-z0-9._-]*):(.*)$/s;

/** A local path that looks like `VM:PATH` is written with `./` before it. */
export function copyEnd(text: string): CopyEnd {
  if (text === "-") return { kind: "stream" };
  const [, hostname, path] = GUEST.exec(text) ?? [];
  if (hostname === undefined || path === undefined) return { kind: "local", path: text };
  return { kind: "guest", hostname, path: guestPath(path) };
}

/** As scp does, a relative path starts at the home directory. */
function guestPath(path: string): string {
  if (path === "") return "~";
  return path.startsWith("/") || path === "~" || path.startsWith("~/") ? path : `~/${path}`;
}
