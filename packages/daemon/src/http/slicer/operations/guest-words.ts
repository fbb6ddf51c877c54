/** What is said of more than one operation inside guests. */

import { Type } from "typebox";

export const BYTES = Type.Unsafe<unknown>({
  type: "string",
  contentMediaType: "application/octet-stream",
});

export const USER = {
  uid: "user id; 4294967295: the guest's default user",
  gid: "group id; 4294967295: that of the user",
};

export const PATH = "in the guest; `~` is a home";

/** nobody of that name, not in this phase, not possible there, or nobody who answers */
export const NO_GUEST = [404, 409, 501, 503];
