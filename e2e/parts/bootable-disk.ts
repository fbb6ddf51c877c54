/**
 * A disk that boots itself, as somebody else might have made one: a partition table, SYSLINUX with a kernel in a
 * small partition, and a root file system in a large one. Made without being root, and without mounting anything.
 */

import { copyFile, mkdir, open, truncate, writeFile } from "node:fs/promises";
import path from "node:path";

import type { ResolvedImage } from "../../packages/daemon/src/core/ports/image-store.ts";
import { buildInitramfs } from "../../packages/daemon/src/images/initramfs.ts";
import { unpackCloudKernel } from "../../packages/daemon/src/images/kernel-package.ts";
import { type CloudKernelRecipe, readRecipe } from "../../packages/daemon/src/images/recipe.ts";
import { lockStore } from "../../packages/daemon/src/images/store-lock.ts";
import { run } from "../../packages/daemon/src/process/run.ts";

const MIB = 1024 * 1024;
const SECTOR = 512;
const BOOT_AT = MIB;
const BOOT_BYTES = 40 * MIB;
const ROOT_AT = BOOT_AT + BOOT_BYTES;
const MBR_CODE = "/usr/lib/SYSLINUX/mbr.bin";
const MBR_CODE_BYTES = 440;
const TURN_MS = 120_000;

const never = new AbortController().signal;

/** An init that is nobody of ours: all it listens to is the power button. */
const QUIET_INIT = `#!/bin/sh
echo "quiet guest: $(cat /sys/class/dmi/id/product_name), $(ls /sys/bus/pci/devices | wc -l) PCI devices"
for event in /dev/input/event*; do
  (
    head -c 24 "$event" > /dev/null
    echo "quiet guest: the power button was pressed"
    echo o > /proc/sysrq-trigger
  ) &
done
sleep 1
echo "quiet guest: waits for $(cat /sys/class/input/*/name | tr '\\n' ' ')"
sleep 600
`;

export interface BootableDiskOrder {
  /** directory that the disk and what it is made of go to */
  readonly directory: string;
  /** whose file system is the disk's root */
  readonly image: ResolvedImage;
  /** of the image store */
  readonly storeRoot: string;
  readonly recipesDir: string;
  /** the agent's binary, which is the first program of the initramfs */
  readonly agentPath: string;
  readonly init: "image" | "quiet";
}

/** @returns path of the raw disk */
export async function bootableDisk(order: BootableDiskOrder): Promise<string> {
  const { directory } = order;
  await mkdir(directory, { recursive: true });
  const root = await rootFileSystem(order);
  const disk = path.join(directory, "disk.raw");
  await writeFile(disk, "");
  await truncate(disk, ROOT_AT + order.image.rootfs.virtualSizeBytes + MIB);
  await writePartitionTable(disk, order.image.rootfs.virtualSizeBytes);
  await bootPartition(disk, order);
  const at = String(ROOT_AT / MIB);
  const args = [`if=${root}`, `of=${disk}`, "bs=1M", `seek=${at}`, "conv=notrunc,sparse"];
  await run({ file: "dd", args: [...args, "status=none"] }, never);
  return disk;
}

async function rootFileSystem({ directory, image, init }: BootableDiskOrder): Promise<string> {
  if (init === "image") return image.rootfs.path;
  const copy = path.join(directory, "root.ext4");
  await run({ file: "cp", args: ["--sparse=always", image.rootfs.path, copy] }, never);
  const script = path.join(directory, "quiet-init");
  await writeFile(script, QUIET_INIT);
  for (const words of [
    `write ${script} /usr/sbin/quiet-init`,
    "sif /usr/sbin/quiet-init mode 0100755",
  ])
    await run({ file: "debugfs", args: ["-w", "-R", words, copy] }, never);
  return copy;
}

async function writePartitionTable(disk: string, rootBytes: number): Promise<void> {
  const code = path.join(path.dirname(disk), "mbr.bin");
  await copyFile(MBR_CODE, code);
  await using from = await open(code, "r");
  const sector = Buffer.alloc(SECTOR);
  await from.read(sector, 0, MBR_CODE_BYTES, 0);
  partition(sector, 0, { active: true, type: 0x0e, at: BOOT_AT, bytes: BOOT_BYTES });
  partition(sector, 1, { active: false, type: 0x83, at: ROOT_AT, bytes: rootBytes });
  sector.writeUInt16BE(0x55aa, 510);
  await using handle = await open(disk, "r+");
  await handle.write(sector, 0, SECTOR, 0);
}

interface Partition {
  readonly active: boolean;
  readonly type: number;
  readonly at: number;
  readonly bytes: number;
}

function partition(sector: Buffer, index: number, { active, type, at, bytes }: Partition): void {
  const entry = 446 + index * 16;
  sector.writeUInt8(active ? 0x80 : 0, entry);
  sector.fill(0xfe, entry + 1, entry + 4); // beyond what cylinders can say
  sector.writeUInt8(type, entry + 4);
  sector.fill(0xfe, entry + 5, entry + 8);
  sector.writeUInt32LE(at / SECTOR, entry + 8);
  sector.writeUInt32LE(bytes / SECTOR, entry + 12);
}

async function bootPartition(disk: string, order: BootableDiskOrder): Promise<void> {
  const { storeRoot, recipesDir, agentPath, directory, init } = order;
  const recipe = await readRecipe<CloudKernelRecipe>(recipesDir, "debian-cloud");
  const context = {
    root: storeRoot,
    recipesDir,
    agentPath,
    agentUnitPath: "",
    downloadEnv: {},
    freshness: "cached" as const,
    report: () => undefined,
  };
  // What is unpacked lies in the store's scratch directory, which a daemon that starts cleans up unless somebody works there.
  const turn = { purpose: "making a disk that boots", waitMs: TURN_MS, onWait: () => undefined };
  await using _turn = await lockStore(storeRoot, turn, never);
  await using kernel = await unpackCloudKernel(context, recipe, never);
  const modules = [...recipe.initramfsModules, "button", "evdev"];
  const initramfs = path.join(directory, "initrd");
  await writeFile(initramfs, await buildInitramfs(kernel, agentPath, modules));
  const config = path.join(directory, "syslinux.cfg");
  const program = init === "quiet" ? "/usr/sbin/quiet-init" : "/sbin/init";
  const words = `console=ttyS0 quiet root=/dev/vda2 rw rootfstype=ext4 init=${program}`;
  const lines = ["DEFAULT it", "LABEL it", " KERNEL vmlinuz", " INITRD initrd", ` APPEND ${words}`];
  await writeFile(config, `${lines.join("\n")}\n`);

  const place = ["-i", `${disk}@@${BOOT_AT}`];
  const shape = ["-h", "16", "-s", "63", "-H", String(BOOT_AT / SECTOR)];
  const sectors = String(BOOT_BYTES / SECTOR);
  await run({ file: "mformat", args: [...place, ...shape, "-T", sectors, "::"] }, never);
  await run({ file: "syslinux", args: ["-i", "-t", String(BOOT_AT), disk] }, never);
  const copies = { vmlinuz: kernel.bzImagePath, initrd: initramfs, "syslinux.cfg": config };
  for (const [name, file] of Object.entries(copies))
    await run({ file: "mcopy", args: [...place, file, `::${name}`] }, never);
}
