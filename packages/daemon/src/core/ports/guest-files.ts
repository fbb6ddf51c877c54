/** The files of a guest, by name. */

import type { GuestUser } from "./guest-user.ts";

export interface GuestPath {
  /** `~` is the home of `user`, and relative paths begin there */
  readonly path: string;
  readonly user: GuestUser;
}

export interface GuestMakeDirectory extends GuestPath {
  /** makes missing parents (mode 0755), and is content with a directory that is there already */
  readonly recursive: boolean;
  /** permission bits of the new directory, exactly */
  readonly mode: number;
}

export interface GuestRemove extends GuestPath {
  /** also what is below a directory; links are removed, never followed */
  readonly recursive: boolean;
}

/** One thing in the guest's file system. */
export interface GuestEntry {
  /**
   * base name, `/` for the root; from the guest, so it may hold control characters and must not
   * reach a terminal or header as it is. Bytes that are not UTF-8 have become U+FFFD.
   */
  readonly name: string;
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly sizeBytes: number;
  /** last change of the content, nanoseconds since 1970; what a `Date` can hold */
  readonly mtimeNs: bigint;
  /** permission bits, 0 to 0o7777 */
  readonly mode: number;
  /** its owner; absent where the agent is older than the question */
  readonly owner?: { readonly uid: number; readonly gid: number };
}
