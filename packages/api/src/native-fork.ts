/** Forking a VM that runs: `POST /v1/vms/{hostname}/fork`. */

import { type Static, Type } from "typebox";

const Names = Type.Array(Type.String());

export const ForkRequest = Type.Object({
  /** children, 1 to 16; default 1 */
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
  /** beside those of the source, or in their place; its friendly name is never inherited */
  tags: Type.Optional(Names),
  /** default: `append` */
  tag_mode: Type.Optional(Type.Union([Type.Literal("append"), Type.Literal("replace")])),
  /** names; absent: the source's, empty: none */
  secrets: Type.Optional(Names),
  /** of isolated host groups; a list that is absent is inherited */
  network: Type.Optional(Type.Object({ allow: Type.Optional(Names), drop: Type.Optional(Names) })),
  /** whether their disks are kept when they stop; default: as the source's */
  persistent: Type.Optional(Type.Boolean()),
  /** `agent`: answer when every child's agent has confirmed who it is; `none`: when they are on their way. Default: `agent` */
  wait: Type.Optional(Type.Union([Type.Literal("agent"), Type.Literal("none")])),
  /** how long to wait for each, in ms, until it is given up and deleted; default 60,000 */
  timeout_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600_000 })),
});
export type ForkRequest = Static<typeof ForkRequest>;

/** What the agent of a copy has done, and reads back from its kernel. */
export const Receipt = Type.Object({
  /** the generator took the host's entropy and draws from it */
  rng: Type.Literal("reseeded"),
  /** how far the wall clock was moved, in nanoseconds: a decimal number, which may be too large for a JSON one */
  clock_step_ns: Type.String(),
  hostname: Type.String(),
  machine_id: Type.String(),
  ssh_host_keys: Type.Union([Type.Literal("renewed"), Type.Literal("none"), Type.Literal("kept")]),
  mac: Type.Optional(Type.String()),
  /** bare IPv4, as the guest has it */
  ip: Type.Optional(Type.String()),
  /** connections of the original that were ended */
  connections_cut: Type.Integer(),
});
export type Receipt = Static<typeof Receipt>;

export const ForkAnswer = Type.Object({
  /** host name */
  source: Type.String(),
  /** how long the source stood still, in ms; 0 for one that was paused */
  pause_ms: Type.Number(),
  children: Type.Array(
    Type.Object({
      hostname: Type.String(),
      /** bare IPv4 by which it is known; absent without a network */
      ip: Type.Optional(Type.String()),
      tags: Names,
      persistent: Type.Boolean(),
      /** absent when nobody waited for it */
      receipt: Type.Optional(Receipt),
    }),
  ),
  /** why there are fewer children than were asked for; those that failed are gone */
  failures: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
});
export type ForkAnswer = Static<typeof ForkAnswer>;
