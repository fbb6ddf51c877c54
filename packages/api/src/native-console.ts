/** The serial console of a VM, live: `GET /v1/vms/{h}/console`. */

import { type Static, Type } from "typebox";

export const ConsoleQuery = Type.Object({
  /** begin with the newest so many bytes of what is kept; at most 9,999,999, by default 0: what is written from now on alone */
  tail_bytes: Type.Optional(Type.String({ pattern: "^\\d{1,7}$" })),
});
export type ConsoleQuery = Static<typeof ConsoleQuery>;
