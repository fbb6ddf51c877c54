/** Disks that a VM has beside its root: one of three shapes, the first that fits. Pure. */

import type { FileRef, Volume } from "./content.ts";
import { readForm, type Form } from "./form.ts";
import type { Bounds, Spot } from "./spot.ts";

const MAX_COMMENT_CHARS = 4_096;
/** of a path in a guest: Linux's own bound */
const MAX_MOUNT_CHARS = 4_096;
/** a file of this name and an ending is made on the host */
const MAX_NAME_CHARS = 128;

const EPHEMERAL_MIB: Bounds = { min: 1, max: 1_000, above: 0 };
/** 2,048 GB */
export const PERSISTENT_MIB: Bounds = { min: 1, max: 1_953_125, above: 0 };

/** @param index of the volume in its list: one without a name is called by it */
export function readVolume(spot: Spot, index: number): Volume {
  return spot.firstOf<Volume>([
    ["ImmutableVolume", (one) => readForm(one, IMMUTABLE)],
    ["EphemeralVolume", (one) => readForm(one, EPHEMERAL)],
    ["PersistentVolume", (one) => readForm(one, { ...PERSISTENT, read: persistent(index) })],
  ]);
}

/** Two persistent volumes of one name would be one file on the host. */
export function distinctNames(spot: Spot, volumes: readonly Volume[]): void {
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    if (volume.kind !== "persistent") continue;
    if (names.has(volume.name)) {
      const place = spot.inner("volumes", undefined).inner(index, volume.name);
      place.complain(`Another volume is called '${volume.name}', too; give each a name of its own`);
    }
    names.add(volume.name);
  }
}

function commonOf(form: Form): string | undefined {
  form.optional("comment")?.text(MAX_COMMENT_CHARS);
  return form.optional("mount")?.text(MAX_MOUNT_CHARS);
}

const IMMUTABLE = {
  name: "ImmutableVolume",
  extra: "refuse",
  read: (form: Form): Volume => ({ kind: "immutable", mount: commonOf(form), file: fileOf(form) }),
} as const;

const EPHEMERAL = {
  name: "EphemeralVolume",
  extra: "refuse",
  read: (form: Form): Volume => {
    const mount = commonOf(form);
    const flag = form.required("ephemeral");
    if (flag.value !== true)
      flag.note("literal_error", "Input should be True", { expected: "True" });
    return { kind: "ephemeral", mount, sizeMiB: form.required("size_mib").integer(EPHEMERAL_MIB) };
  },
} as const;

const PERSISTENT = { name: "PersistentVolume", extra: "refuse" } as const;

const PARENT = { name: "ParentVolume", extra: "ignore", read: fileOf } as const;

function persistent(index: number): (form: Form) => Volume {
  return (form) => {
    const mount = commonOf(form);
    const parent = form.optional("parent");
    const given = form.optional("name")?.text(MAX_NAME_CHARS) ?? "";
    const name = given === "" ? `unamed_volume_${index}` : given.replaceAll(/[^A-Za-z0-9_-]/g, "_");
    return {
      kind: "persistent",
      parent: parent && readForm(parent, PARENT),
      persistence: form.optional("persistence")?.choice(["host", "store"]) ?? "host",
      name,
      mount: mount === undefined || mount === "" ? `/mnt/${name}` : mount,
      sizeMiB: form.required("size_mib").integer(PERSISTENT_MIB),
    };
  };
}

function fileOf(form: Form): FileRef {
  return {
    ref: form.required("ref").hash(),
    useLatest: form.given("use_latest")?.flag() ?? true,
  };
}
