/**
 * Disks of instances: `<root>/volumes/persistent/<hash>/`
 *
 *     rootfs.qcow2      overlay that the guest writes to
 *     rootfs.parent     what it stands on: another name of the file that was given, where the file system can
 *     <name>.ext4       a volume, or `<name>.qcow2` for one that stands on a parent
 *     seed.iso          what cloud-init is told
 *
 * They outlive the VMs that use them. A file is there whole or not at all.
 */

import {
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
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
import { emptyOverlay } from "./qcow2.ts";
import { seedDisk } from "./seed-disk.ts";

/** as many disks as a machine has places for, less root and seed */
const MAX_VOLUMES = 16;

const NAME = /^[\w-]{1,128}$/;

export class InstanceDiskFiles implements InstanceDisks {
  readonly #root: string;

  /** @param root absolute; it need not exist */
  constructor({ root }: { readonly root: string }) {
    this.#root = path.join(root, "volumes", "persistent");
  }

  async make(order: InstanceOrder, signal: AbortSignal): Promise<InstanceDiskSet> {
    if (order.volumes.length > MAX_VOLUMES)
      throw new Refusal("bad request", `At most ${MAX_VOLUMES} volumes can be attached`);
    const directory = this.#directory(order.vmHash);
    const isNew = (await mkdir(directory, { recursive: true, mode: 0o700 })) !== undefined;
    const made: string[] = [];
    try {
      const root = await makeRoot(directory, order.root, made, signal);
      const volumes: VmVolume[] = [];
      for (const volume of order.volumes) {
        const place = { directory, serial: `vol${volumes.length}` };
        volumes.push(await makeVolume(volume, place, made, signal));
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
  }

  /** @returns what a VM's disks take on the host's disk now, in bytes; 0 when there are none */
  async usedBytes(vmHash: ItemHash): Promise<number> {
    const directory = this.#directory(vmHash);
    const names = await readdir(directory).catch(() => []); // none are there, or not any more
    let bytes = 0;
    for (const name of names.filter((it) => it !== PARENT)) {
      const found = await lstat(path.join(directory, name)).catch(() => undefined); // gone meanwhile
      bytes += (found?.blocks ?? 0) * BLOCK_BYTES;
    }
    return bytes;
  }

  #directory(vmHash: ItemHash): string {
    return path.join(this.#root, vmHash);
  }
}

const PARENT = "rootfs.parent";

/** what `stat` counts in */
const BLOCK_BYTES = 512;

/** @param made takes the paths of files that were not there before */
async function makeRoot(
  directory: string,
  order: RootOrder,
  made: string[],
  signal: AbortSignal,
): Promise<OwnRoot> {
  const file = path.join(directory, "rootfs.qcow2");
  if (order.fresh)
    for (const old of [file, path.join(directory, PARENT)]) await rm(old, { force: true });
  const parentPath = await keptParent(directory, order.parentPath, made);
  const { format, virtualSizeBytes, boot } = await lookAtDisk(parentPath, signal);
  const sizeBytes = Math.max(order.sizeMiB * MIB, virtualSizeBytes);
  const parent = { path: parentPath, format };
  if (!(await exists(file))) {
    made.push(file);
    await writeWhole(file, overlayOf(sizeBytes, parent));
  }
  return { path: file, parent, sizeBytes, boot };
}

/**
 * The overlay is worth nothing without exactly the bytes below it: under a name of its own they stay when a newer
 * file takes the place of the one that was given.
 */
async function keptParent(directory: string, given: string, made: string[]): Promise<string> {
  const kept = path.join(directory, PARENT);
  if (await exists(kept)) return kept;
  try {
    await link(await realpath(given), kept); // a link to a link would follow the newer file
    made.push(kept);
    return kept;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EXDEV" || code === "EPERM" || code === "EMLINK") return given;
    throw error;
  }
}

interface VolumePlace {
  readonly directory: string;
  readonly serial: string;
}

async function makeVolume(
  order: VolumeOrder,
  { directory, serial }: VolumePlace,
  made: string[],
  signal: AbortSignal,
): Promise<VmVolume> {
  const { mount } = order;
  if (order.kind === "read-only")
    return { serial, mount, path: order.path, format: "raw", readOnly: true, parent: undefined };
  if (!NAME.test(order.name)) throw new Refusal("bad request", `"${order.name}" is no volume name`);
  const parent = order.parentPath && (await lookAtDisk(order.parentPath, signal));
  const format = parent ? "qcow2" : "raw";
  const file = path.join(directory, `${order.name}.${parent ? "qcow2" : "ext4"}`);
  const wanted = order.sizeMiB * MIB;
  if (!(await exists(file))) {
    made.push(file);
    if (parent)
      await writeWhole(file, overlayOf(Math.max(wanted, parent.virtualSizeBytes), parent));
    else await makeFileSystem(file, wanted, signal);
  }
  const below = parent ? { path: parent.path, format: parent.format } : undefined;
  return { serial, mount, path: file, format, readOnly: false, parent: below };
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
