/** What changes in a guest's file system. */

import type { GuestUser } from "./guest-user.ts";

export const CHANGE_TYPES = ["create", "write", "remove", "rename", "chmod"] as const;

export type ChangeType = (typeof CHANGE_TYPES)[number];

export interface GuestChange {
  /** `overflow`: changes were lost, `message` says why */
  readonly type: ChangeType | "overflow";
  /** from the guest, so it may hold control characters */
  readonly path: string;
  /** nanoseconds since 1970; what a `Date` can hold */
  readonly atNs: bigint;
  /** of what is there when it is told; 0 for nothing */
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
  readonly message: string | undefined;
}

/** What is watched in a guest. */
export interface GuestWatch {
  readonly paths: readonly string[];
  /** whose `~` it is */
  readonly user: GuestUser;
  /** only paths that one of these matches, or base names for those without `/`; none: all */
  readonly patterns: readonly string[];
  /** only these; none: all */
  readonly types: readonly ChangeType[];
  /** also what is below, now and later */
  readonly recursive: boolean;
  /** the same change is told once in this time, at its end, in `ms` */
  readonly debounceMs: number;
}
