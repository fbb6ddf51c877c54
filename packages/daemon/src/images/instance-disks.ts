/**
 * Disks of instances: `<root>/volumes/persistent/<hash>/`
 *
 *     rootfs.qcow2      overlay that the guest writes to
 *     <name>.ext4       a volume, or `<name>.qcow2` for one that stands on a parent
 *     <overlay>.parent  what an overlay stands on
 *     seed.iso          what cloud-init is told
 *
 * They outlive the VMs that use them. A file is there whole or not at all.
 */

import { lstat, mkdir, open, readdir, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { seedFiles } from "#core/aleph/machines/cloud-init.ts";
import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { InstanceDisks, InstanceDiskSet } from "#core/aleph/ports/instance-disks.ts";
import type { InstanceOrder, RootOrder, VolumeOrder } from "#core/aleph/ports/machine-room.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type { OwnRoot, VmVolume } from "#core/vm/vm.ts";
import { MIB } from "#lib/bytes.ts";
import { run } from "#process/run.ts";

import { type DiskOnFile, lookAtDisk, sizeOfOverlay } from "./brought-disk.ts";
import { KeptParents } from "./kept-parents.ts";
import { emptyOverlay } from "./qcow2.ts";
import { seedDisk } from "./seed-disk.ts";

/** as many disks as a machine has places for, less root and seed */
const MAX_VOLUMES = 16;

/** what no volume is called */
const ROOT = "rootfs";
const NAME = /^[\w-]{1,128}$/;

export class InstanceDiskFiles implements InstanceDisks {
  readonly #root: string;
  readonly #parents: KeptParents;

  /** @param root absolute; it need not exist */
  constructor({ root }: { readonly root: string }) {
    this.#root = path.join(root, "volumes", "persistent");
    this.#parents = new KeptParents(path.join(root, "volumes", "parents"));
  }

  async make(order: InstanceOrder, signal: AbortSignal): Promise<InstanceDiskSet> {
    mustHaveFilesOfTheirOwn(order.volumes);
    const directory = this.#directory(order.vmHash);
    const isNew = (await mkdir(directory, { recursive: true, mode: 0o700 })) !== undefined;
    const made: string[] = [];
    try {
      const making = { directory, parents: this.#parents, made };
      const root = await makeRoot(making, order.root, signal);
      const volumes: VmVolume[] = [];
      for (const volume of order.volumes) {
        volumes.push(await makeVolume(making, volume, `vol${volumes.length}`, signal));
      }
      const seed = await writeSeed(directory, order, volumes);
      return { root, volumes: [...volumes, seed], isNew };
    } catch (error) {
      for (const file of made) await rm(file, { force: true });
      if (isNew) await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  async renew(
    { root, volumes }: InstanceDiskSet,
    which: "keep" | "remove",
    signal: AbortSignal,
  ): Promise<void> {
    await writeWhole(root.path, overlayOf(root.sizeBytes, root.parent));
    if (which === "keep") return;
    for (const volume of volumes.filter((it) => !it.readOnly)) await renewVolume(volume, signal);
  }

  async remove(vmHash: ItemHash): Promise<void> {
    await rm(this.#directory(vmHash), { recursive: true, force: true });
    await this.#parents.sweep();
  }

  /** @returns what a VM's disks take on the host's disk now, in bytes; 0 when there are none */
  async usedBytes(vmHash: ItemHash): Promise<number> {
    const directory = this.#directory(vmHash);
    const names = await readdir(directory).catch(() => []); // none are there, or not any more
    let bytes = 0;
    for (const name of names.filter((it) => !it.endsWith(PARENT))) {
      const found = await lstat(path.join(directory, name)).catch(() => undefined); // gone meanwhile
      bytes += (found?.blocks ?? 0) * BLOCK_BYTES;
    }
    return bytes;
  }

  #directory(vmHash: ItemHash): string {
    return path.join(this.#root, vmHash);
  }
}

/** after the name of an overlay */
const PARENT = ".parent";

/** what `stat` counts in */
const BLOCK_BYTES = 512;

/** @throws Refusal for volumes that are too many, or of which two would be one file */
function mustHaveFilesOfTheirOwn(volumes: readonly VolumeOrder[]): void {
  if (volumes.length > MAX_VOLUMES)
    throw new Refusal("bad request", `At most ${MAX_VOLUMES} volumes can be attached`);
  const names = volumes.flatMap((volume) => (volume.kind === "persistent" ? [volume.name] : []));
  const unfit = names.find((name) => !NAME.test(name) || name === ROOT);
  if (unfit !== undefined) throw new Refusal("bad request", `"${unfit}" is no volume name`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Refusal("bad request", `Two volumes are named "${twice}"`);
}

interface Making {
  readonly directory: string;
  readonly parents: KeptParents;
  /** takes the paths of files that were not there before */
  readonly made: string[];
}

async function makeRoot(
  { directory, parents, made }: Making,
  order: RootOrder,
  signal: AbortSignal,
): Promise<OwnRoot> {
  const file = path.join(directory, `${ROOT}.qcow2`);
  const below = `${file}${PARENT}`;
  if (order.fresh) await rm(file, { force: true });
  const isNew = !(await exists(file));
  if (isNew) {
    made.push(below);
    await parents.keep(order.parentPath, below, signal);
  }
  const { format, virtualSizeBytes, boot } = await lookAtDisk(below, signal);
  const sizeBytes = Math.max(order.sizeMiB * MIB, virtualSizeBytes);
  const parent = { path: below, format };
  if (isNew) {
    made.push(file);
    await writeWhole(file, overlayOf(sizeBytes, parent));
  }
  return { path: file, parent, sizeBytes, boot };
}

async function makeVolume(
  making: Making,
  order: VolumeOrder,
  serial: string,
  signal: AbortSignal,
): Promise<VmVolume> {
  const { mount } = order;
  if (order.kind === "read-only")
    return { serial, mount, path: order.path, format: "raw", readOnly: true, parent: undefined };
  const { name, parentPath, sizeMiB } = order;
  const bytes = sizeMiB * MIB;
  const written = { serial, mount, readOnly: false } as const;
  if (parentPath !== undefined)
    return { ...written, ...(await makeOverlay(making, { name, parentPath, bytes }, signal)) };
  const file = path.join(making.directory, `${name}.ext4`);
  if (!(await exists(file))) {
    making.made.push(file);
    await makeFileSystem(file, bytes, signal);
  }
  return { ...written, path: file, format: "raw", parent: undefined };
}

interface OverlayOrder {
  readonly name: string;
  readonly parentPath: string;
  /** at least */
  readonly bytes: number;
}

async function makeOverlay(
  { directory, parents, made }: Making,
  { name, parentPath, bytes }: OverlayOrder,
  signal: AbortSignal,
): Promise<Pick<VmVolume, "path" | "format" | "parent">> {
  const file = path.join(directory, `${name}.qcow2`);
  const below = `${file}${PARENT}`;
  const isNew = !(await exists(file));
  if (isNew) {
    made.push(below);
    await parents.keep(parentPath, below, signal);
  }
  const { format, virtualSizeBytes } = await lookAtDisk(below, signal);
  const parent = { path: below, format };
  if (isNew) {
    made.push(file);
    await writeWhole(file, overlayOf(Math.max(bytes, virtualSizeBytes), parent));
  }
  return { path: file, format: "qcow2", parent };
}

async function renewVolume({ path: file, parent }: VmVolume, signal: AbortSignal): Promise<void> {
  if (!parent) {
    await makeFileSystem(file, (await stat(file)).size, signal);
    return;
  }
  await writeWhole(file, overlayOf(await sizeOfOverlay(file), parent));
}

async function writeSeed(
  directory: string,
  order: InstanceOrder,
  volumes: readonly VmVolume[],
): Promise<VmVolume> {
  const file = path.join(directory, "seed.iso");
  await writeWhole(file, seedDisk({ ...seedFiles(order, volumes) }));
  const seed = { serial: "cidata", mount: undefined, parent: undefined } as const;
  return { ...seed, path: file, format: "raw", readOnly: true };
}

function overlayOf(virtualSizeBytes: number, parent: Pick<DiskOnFile, "path" | "format">): Buffer {
  return emptyOverlay({ virtualSizeBytes, backingPath: parent.path, backingFormat: parent.format });
}

async function makeFileSystem(file: string, bytes: number, signal: AbortSignal): Promise<void> {
  const part = `${file}.part`;
  await rm(part, { force: true });
  try {
    await writeFile(part, "", { mode: 0o600 });
    await using handle = await open(part, "r+");
    await handle.truncate(bytes);
    await run({ file: "mkfs.ext4", args: ["-q", "-F", part] }, signal);
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function writeWhole(file: string, bytes: Buffer): Promise<void> {
  const part = `${file}.part`;
  await rm(part, { force: true });
  try {
    await using handle = await open(part, "wx", 0o600);
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(part, file);
  } catch (error) {
    await unlink(part).catch(() => undefined); // what is reported is why it was not written
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
