/** `default` is the guest's ordinary user: uid 1000 where it exists, else root. */
export type GuestUser = "default" | { readonly uid: number; readonly gid: number | undefined };
