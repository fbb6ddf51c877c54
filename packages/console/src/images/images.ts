/** What the host says of its images, as the SDK gives it. */

import type { AlcoveClient } from "@alcove/sdk/browser/index.ts";

export type Images = Awaited<ReturnType<AlcoveClient["images"]["list"]>>;
export type Image = Images["images"][number];
export type ImageWork = Images["works"][number];
export type Recipe = Images["recipes"][number];

const ID_CHARS = 12;

/** enough of an id to tell it from others */
export function shortId(id: string): string {
  return id.slice(0, ID_CHARS);
}

/** Process 1 of an image, in words. */
export function initOf({ kind, init }: Image): string {
  if (kind === "kernel") return "kernel";
  if (init === "alcove") return "Alcove's agent";
  return init === "systemd" ? "systemd" : "its own, without an agent";
}

/** "2 VMs", "host group sbox", "sbox-1, sbox-2 and 3 more" */
export function usersOf(users: readonly string[]): string {
  const [most, rest] = [users.slice(0, SHOWN_USERS), users.length - SHOWN_USERS];
  if (users.length === 0) return "nobody";
  return rest > 0 ? `${most.join(", ")} and ${rest} more` : most.join(", ");
}

const SHOWN_USERS = 3;

export function isOpen({ state }: ImageWork): boolean {
  return state === "waiting" || state === "working";
}
