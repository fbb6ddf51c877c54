/** Query parameters of the Slicer API, as they really arrive. */

import { type Static, Type } from "typebox";

import { invalidRequest } from "#core/errors.ts";
import type { GuestUser } from "#core/ports/guest-user.ts";
import { parseGoDuration } from "#lib/go-duration.ts";

/** Given more than once, the first counts (`firstOfRepeated`). */
export const One = Type.Optional(Type.String());
export const Many = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())]));
export type Many = Static<typeof Many>;

/** Go and TypeScript clients write "the guest's default user" as the largest 32-bit number. */
const DEFAULT_USER = 4_294_967_295;

export function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** `true` and `1` are true; `false`, `0`, empty and absent are false */
export function flag(name: string, value: string | undefined, whenAbsent = "false"): boolean {
  const text = value === undefined || value === "" ? whenAbsent : value.toLowerCase();
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw invalidRequest(name, `"${value}" is neither true nor false`);
}

/** @returns an id, "default" for the sentinel, `undefined` when absent */
function userId(name: string, value: string | undefined): number | "default" | undefined {
  if (value === undefined || value === "") return undefined;
  const id = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(id <= DEFAULT_USER)) throw invalidRequest(name, `"${value}" is no user or group id`);
  return id === DEFAULT_USER ? "default" : id;
}

/**
 * Who a command or file belongs to.
 * @param whenAbsent foreground exec runs as root when nothing is said, everything else as the default user
 */
export function userOf(
  query: { readonly uid?: string; readonly gid?: string },
  whenAbsent: "root" | "default",
): GuestUser {
  const uid = userId("uid", query.uid) ?? (whenAbsent === "root" ? 0 : "default");
  const gid = userId("gid", query.gid);
  if (uid === "default") return "default";
  return { uid, gid: gid === "default" ? undefined : gid };
}

/** @returns permission bits of octal text such as `0644`, or `undefined` when absent */
export function permissionBits(
  value: string | undefined,
  name: "permissions" | "mode" = "permissions",
): number | undefined {
  if (value === undefined || value === "") return undefined;
  if (!/^(0o)?[0-7]{1,5}$/.test(value)) {
    throw invalidRequest(name, `"${value}" is not octal, such as 0644`);
  }
  return Number.parseInt(value.replace("0o", ""), 8) & 0o777;
}

/** A path in a guest, which must be given. */
export function pathOf(path: string | undefined): string {
  if (path === undefined || path === "") throw invalidRequest("path", "is required");
  if (path.includes("\0")) throw invalidRequest("path", "must not contain a zero byte");
  return path;
}

const DEFAULT_WAIT_MS = 300_000;
const MAX_WAIT_MS = 3_600_000;

/** @returns how long to wait for a VM, in `ms`; five minutes when nothing is said */
export function waitTimeoutOf(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_WAIT_MS;
  const ms = parseGoDuration(text);
  if (ms === undefined || ms > MAX_WAIT_MS) {
    throw invalidRequest("timeout", `"${text}" is no duration up to 1h, such as 90s or 2m0s`);
  }
  return Math.ceil(ms); // timers know whole milliseconds only
}
