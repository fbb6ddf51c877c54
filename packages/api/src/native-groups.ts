/** `GET /v1/groups`: host groups, what their VMs have, and what a launch there is held to. */

import { type Static, Type } from "typebox";

export const Group = Type.Object({
  name: Type.String(),
  /** VMs declared in the configuration; 0: all are made by the API */
  count: Type.Integer(),
  /** of a VM that does not say; also the most that one may have */
  vcpus: Type.Integer(),
  /** the same, of the guest */
  memory_bytes: Type.Integer(),
  /** root disks; absent: as large as the image says */
  disk_bytes: Type.Optional(Type.Integer()),
  /** of a VM that names none */
  image: Type.String(),
  network: Type.Union([
    Type.Literal("none"),
    Type.Literal("user"),
    Type.Literal("bridge"),
    Type.Literal("isolated"),
    Type.Literal("routed"),
  ]),
  /** keys that every VM of the group gets */
  ssh_keys: Type.Integer(),
  /** machines that are made ahead and wait for VMs */
  pool: Type.Integer(),
  /** of its VMs as they are now */
  use: Type.Object({
    vms: Type.Integer(),
    running: Type.Integer(),
    /** promised to those that have a machine */
    vcpus: Type.Integer(),
    /** the same, with what their hypervisors need themselves */
    memory_bytes: Type.Integer(),
  }),
  /** what a launch is held to */
  limits: Type.Object({
    /** at most, for one VM */
    vcpus: Type.Integer(),
    /** at least, for one VM */
    memory_min_bytes: Type.Integer(),
    /** at most, for one VM */
    memory_bytes: Type.Integer(),
    /** what the host could still give, as of now: the same for all groups. Never below 0 */
    free: Type.Object({
      vcpus: Type.Integer(),
      /** a guest's memory, what its hypervisor needs subtracted already */
      memory_bytes: Type.Integer(),
      /** beyond what must stay free */
      disk_bytes: Type.Integer(),
      vms: Type.Integer(),
    }),
  }),
});
export type Group = Static<typeof Group>;
