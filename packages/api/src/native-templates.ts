/** Templates of memory: `/v1/templates`. */

import { type Static, Type } from "typebox";

/** What VMs must have in common to come from one template. */
const SHAPE = {
  /** by name, as it was when the template was built */
  image: Type.String(),
  vcpus: Type.Integer(),
  /** memory of the guest */
  memory_bytes: Type.Integer(),
  /** root disk, as the guest sees it */
  disk_bytes: Type.Integer(),
  /** `tap`: of bridge and isolated networks */
  network: Type.Union([Type.Literal("none"), Type.Literal("user"), Type.Literal("tap")]),
};

export const Template = Type.Object({
  id: Type.String(),
  ...SHAPE,
  image_id: Type.String(),
  kernel: Type.String(),
  /** memory and devices on the host's disk */
  state_bytes: Type.Integer(),
  /** its guest's disk on the host's: what that had written when it was frozen */
  layer_bytes: Type.Integer(),
  /** what it holds in the host's memory, once for all VMs that come from it; 0 until it is used */
  held_bytes: Type.Integer(),
  /** RFC 3339 */
  built_at: Type.String(),
  /** RFC 3339; absent when it did not serve since the daemon's start */
  last_used_at: Type.Optional(Type.String()),
  /** VMs whose disks stand on its disk */
  vms: Type.Integer(),
});
export type Template = Static<typeof Template>;

export const TemplateWork = Type.Object({
  ...SHAPE,
  state: Type.Union([Type.Literal("waiting"), Type.Literal("building")]),
  /** RFC 3339 */
  since: Type.String(),
});
export type TemplateWork = Static<typeof TemplateWork>;

export const TemplateList = Type.Object({
  /** whether VMs of this host come from templates */
  enabled: Type.Boolean(),
  /** oldest first */
  templates: Type.Array(Template),
  /** one at a time, in the order of their turns */
  under_way: Type.Array(TemplateWork),
});
export type TemplateList = Static<typeof TemplateList>;

export const TemplateOrder = Type.Object({
  /** host group for whose VMs it is to be: network and disk are the group's; absent: the only one */
  group: Type.Optional(Type.String()),
  /** as in a create; absent: the group's */
  image: Type.Optional(Type.String()),
  vcpus: Type.Optional(Type.Integer()),
  memory_bytes: Type.Optional(Type.Integer()),
  /** `false`: answer when it is under way; default: when it is there */
  wait: Type.Optional(Type.Boolean()),
});
export type TemplateOrder = Static<typeof TemplateOrder>;
