/** What happens on a host: `GET /v1/events`, and the history of one VM: `GET /v1/vms/{hostname}/events`. */

import { type Static, Type } from "typebox";

import { VmSummary } from "./native-vms.ts";

const EVENT = {
  /** rising; numbers may be left out */
  id: Type.Integer(),
  /** RFC 3339 */
  at: Type.String(),
  vm_id: Type.String(),
  hostname: Type.String(),
  /** what was asked or reported: "start", "booted", "crashed", … */
  input: Type.String(),
  /** the phase that followed */
  phase: Type.String(),
  reason: Type.Optional(Type.String()),
};

export const VmEvent = Type.Object(EVENT);
export type VmEvent = Static<typeof VmEvent>;

const Limit = Type.Optional(Type.String({ pattern: "^[0-9]{1,4}$" }));
const Id = Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" }));

export const EventQuery = Type.Object({
  /** newest so many; 1 to 1,000, by default 100; not of a stream */
  limit: Limit,
  /** of a stream: begin behind the event with this id; absent: from now on */
  after: Id,
});
export type EventQuery = Static<typeof EventQuery>;

export const VmEventQuery = Type.Object({
  /** newest so many; 1 to 1,000, by default 100 */
  limit: Limit,
  /** only those before the event with this id */
  before: Id,
});
export type VmEventQuery = Static<typeof VmEventQuery>;

/** `event: hello`, the first of a stream. */
export const StreamHello = Type.Object({
  /** of the newest event; 0 when there was none */
  id: Type.Integer(),
  /** the daemon's */
  version: Type.String(),
  /** RFC 3339: the daemon's start */
  started_at: Type.String(),
});
export type StreamHello = Static<typeof StreamHello>;

/** `event: gap`: some of what was missed is not kept any more, so what is shown must be fetched anew. */
export const StreamGap = Type.Object({
  /** id of the oldest event that is kept */
  oldest: Type.Integer(),
  /** the stream goes on behind this event */
  id: Type.Integer(),
});
export type StreamGap = Static<typeof StreamGap>;

/** `event: vm`: a VM's phase has changed; the stream's `id` is the event's. */
export const StreamVm = Type.Object({
  ...EVENT,
  /** as it is when this is sent; `null`: it is gone */
  vm: Type.Union([VmSummary, Type.Null()]),
});
export type StreamVm = Static<typeof StreamVm>;

/** `event: changed`: something that a list shows has changed, and no phase with it. */
export const StreamChanged = Type.Object({
  what: Type.Union([
    Type.Literal("vm"),
    Type.Literal("templates"),
    Type.Literal("images"),
    Type.Literal("secrets"),
    Type.Literal("commits"),
    Type.Literal("pools"),
    Type.Literal("aleph"),
  ]),
  /** which one: a VM's host name, say; absent: any of them */
  name: Type.Optional(Type.String()),
  /** of a VM with a name: as it is when this is sent; `null`: it is gone */
  vm: Type.Optional(Type.Union([VmSummary, Type.Null()])),
});
export type StreamChanged = Static<typeof StreamChanged>;
