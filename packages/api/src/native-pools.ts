/** `GET /v1/pools`: machines of host groups that are made ahead and wait for VMs. */

import { type Static, Type } from "typebox";

export const Pool = Type.Object({
  /** the host group's name */
  group: Type.String(),
  /** how many are to wait */
  size: Type.Integer(),
  waiting: Type.Integer(),
  making: Type.Integer(),
  /** VMs that were made from it since the daemon's start */
  claimed: Type.Integer(),
  /** VMs that could have been, had one waited */
  misses: Type.Integer(),
  /** what those that wait have of the host's memory, in bytes */
  memory_bytes: Type.Integer(),
  /** why it is not full, for people */
  problem: Type.Optional(Type.String()),
});
export type Pool = Static<typeof Pool>;
