/** How a new VM is to begin: from a template where there is one, and with a boot otherwise. */

import { rootDiskBytes } from "../image/disk-size.ts";
import type { LayerId } from "../ids.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { BootPlan, Machine } from "../ports/machine.ts";
import type { ImageStore, ResolvedImage } from "../ports/image-store.ts";
import { templateNetwork } from "../template/template.ts";
import type { Templates } from "../template/templates.ts";
import type { VmKind, VmOrigin, VmRecord, VmSpec } from "./vm.ts";

export interface StartOf {
  readonly layer: LayerId | undefined;
  readonly origin: VmOrigin;
}

export interface Starter {
  readonly kind: VmKind;
  readonly spec: VmSpec;
  readonly image: ResolvedImage;
  readonly diskBytes: number;
}

/** A service boots: it is made once, and what it was made from need not be kept for it. */
export async function startOf(
  { kind, spec, image, diskBytes }: Starter,
  templates: Templates,
  signal: AbortSignal,
): Promise<StartOf> {
  if (kind === "service") return booted(undefined);
  const { vcpus, memoryMiB, network } = spec;
  const shape = { vcpus, memoryMiB, diskBytes, network: templateNetwork(network.settings.mode) };
  const choice = await templates.choose(shape, image, signal);
  if (!choice.template) return booted(choice.why);
  const { id, layer } = choice.template;
  return { layer, origin: { how: "template", template: id } };
}

function booted(why: string | undefined): StartOf {
  return { layer: undefined, origin: { how: "boot", why } };
}

export async function forkOf(
  { origin, hostname }: VmRecord,
  plan: BootPlan,
  templates: Templates,
  signal: AbortSignal,
): Promise<Machine> {
  if (origin.how === "template") return templates.fork(origin.template, plan, signal);
  throw new Error(`invariant: ${hostname} comes from a template`);
}

export interface DiskParts {
  readonly images: ImageStore;
  readonly disks: DiskStore;
}

/** Another disk, on a layer or on the image itself, as if nothing had ever been written. */
export async function emptyDisk(
  record: VmRecord,
  layer: LayerId | undefined,
  { images, disks }: DiskParts,
  signal: AbortSignal,
): Promise<void> {
  const image = await images.resolve(record.imageId, signal);
  const ground = { image: image.rootfs, layer };
  await disks.addOverlay(record.id, ground, rootDiskBytes(record.spec.diskBytes, image));
}
