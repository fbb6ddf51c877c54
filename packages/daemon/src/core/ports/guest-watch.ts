/** Something changed in a guest's file system. */

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
