/** Images and kernels that VMs are made of, and the making of them: `/v1/images`. */

import { type Static, Type } from "typebox";

export const Image = Type.Object({
  /** digest of what it is made of */
  id: Type.String(),
  /** what VMs boot from, or a kernel that images may prefer to their own */
  kind: Type.Union([Type.Literal("image"), Type.Literal("kernel")]),
  name: Type.String(),
  /** whether the name leads here: `false` for what a newer build replaced */
  named: Type.Boolean(),
  /** RFC 3339 */
  built_at: Type.String(),
  /** its files on the host's disk; what it shares with others counts for each */
  disk_bytes: Type.Integer(),
  /** `release`: what `uname -r` says */
  kernel: Type.Object({ name: Type.String(), release: Type.String() }),
  /** of images: who is process 1; `none`: no agent is inside */
  init: Type.Optional(
    Type.Union([Type.Literal("alcove"), Type.Literal("systemd"), Type.Literal("none")]),
  ),
  /** of images with an agent */
  agent_version: Type.Optional(Type.String()),
  /** of images: whom commands run as; absent when nobody knows */
  default_user: Type.Optional(Type.String()),
  /** of images: the root disk, as the guest sees it */
  root_bytes: Type.Optional(Type.Integer()),
  /** of images: Debian packages inside; absent when nobody knows */
  packages: Type.Optional(Type.Integer()),
  /** who needs it, for people: it cannot be removed as long as there is one */
  used_by: Type.Array(Type.String()),
});
export type Image = Static<typeof Image>;

/** Something that this host can make by itself. */
export const ImageRecipe = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.Literal("image"), Type.Literal("kernel")]),
  /** for people */
  description: Type.String(),
});
export type ImageRecipe = Static<typeof ImageRecipe>;

/** A disk that lies ready to become an image. */
export const ImportableDisk = Type.Object({
  /** in the directory of disks to import */
  file: Type.String(),
  /** of the file */
  bytes: Type.Integer(),
});
export type ImportableDisk = Static<typeof ImportableDisk>;

export const ImageWork = Type.Object({
  id: Type.String(),
  what: Type.Union([Type.Literal("build"), Type.Literal("import")]),
  /** of the image that is to be there in the end */
  name: Type.String(),
  state: Type.Union([
    Type.Literal("waiting"),
    Type.Literal("working"),
    Type.Literal("done"),
    Type.Literal("failed"),
    Type.Literal("cancelled"),
  ]),
  /** what is being done, or was done last: a short phrase */
  step: Type.Optional(Type.String()),
  /** the newest line of the step */
  detail: Type.Optional(Type.String()),
  /** how much of the step is done, 0 to 1, where that is known */
  fraction: Type.Optional(Type.Number()),
  /** RFC 3339 */
  asked_at: Type.String(),
  /** RFC 3339; absent while it waits for its turn */
  begun_at: Type.Optional(Type.String()),
  /** RFC 3339; absent until it has ended */
  ended_at: Type.Optional(Type.String()),
  /** of one that is done: the image's id */
  image: Type.Optional(Type.String()),
  /** of a build that is done: `unchanged` when what there was is still right */
  outcome: Type.Optional(Type.Union([Type.Literal("built"), Type.Literal("unchanged")])),
  /** of one that failed */
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
});
export type ImageWork = Static<typeof ImageWork>;

export const ImageList = Type.Object({
  /** whether this host keeps images and makes them: one with fake VMs does not */
  enabled: Type.Boolean(),
  /** named ones first, by name */
  images: Type.Array(Image),
  recipes: Type.Array(ImageRecipe),
  /** disks that can be imported, and the directory of the host where they are looked for */
  imports: Type.Object({ directory: Type.String(), disks: Type.Array(ImportableDisk) }),
  /** under way and waiting in the order of their turns, then the last that ended, newest first */
  works: Type.Array(ImageWork),
});
export type ImageList = Static<typeof ImageList>;

/** Either a recipe to build, or a disk to import with the name that it is to have. */
export const ImageOrder = Type.Object({
  recipe: Type.Optional(Type.String()),
  /** of a build: download packages again, and build although nothing seems to have changed */
  fresh: Type.Optional(Type.Boolean()),
  /** of an import: the image's name */
  name: Type.Optional(Type.String()),
  /** of an import: a file of the directory of disks to import */
  file: Type.Optional(Type.String()),
  /** of an import: the kernel it boots with; default `debian-cloud` */
  kernel: Type.Optional(Type.String()),
  /** of an import: the device that is its root, such as `/dev/vda1`, for a disk with partitions */
  root: Type.Optional(Type.String()),
});
export type ImageOrder = Static<typeof ImageOrder>;

export const RemovedImage = Type.Object({
  id: Type.String(),
  name: Type.String(),
  /** what the host's disk has back */
  freed_bytes: Type.Integer(),
});
export type RemovedImage = Static<typeof RemovedImage>;
