/** Copies of disks: taken fast, then packed at leisure into one file that stands for itself. */

import { open, stat } from "node:fs/promises";

import type { SourceDisk } from "#core/aleph/ports/backup-store.ts";
import { run } from "#process/run.ts";

/** Takes as long as its data takes to be copied, and no time where the file system can share it. */
export async function copyDisk(from: string, to: string, signal: AbortSignal): Promise<void> {
  const args = ["--reflink=auto", "--sparse=always", "--", from, to];
  await run({ file: "cp", args }, signal);
}

/** Makes a compressed qcow2 that needs no other file. @throws Error for one that names other files by itself */
export async function packedDisk(disk: SourceDisk, to: string, signal: AbortSignal): Promise<void> {
  if (disk.format === "qcow2") (await readQcow2(disk.path)).mustBeWhole();
  const args = ["-n", "10", "qemu-img", "convert", "-O", "qcow2", "-c", asTold(disk), to];
  await run({ file: "nice", args }, signal);
  await run({ file: "qemu-img", args: ["check", "-q", "-f", "qcow2", to] }, signal);
}

/** as the guest sees it */
export async function virtualBytes(disk: Pick<SourceDisk, "path" | "format">): Promise<number> {
  if (disk.format === "raw") return (await stat(disk.path)).size;
  return (await readQcow2(disk.path)).virtualBytes;
}

/** What qemu-img opens, said in full: nothing is taken from the file's own header. */
function asTold({ path, format, backing }: SourceDisk): string {
  const below = backing && { driver: backing.format, file: unlocked(backing.path) };
  const overlay = format === "qcow2" ? { backing: below ?? null } : {};
  return `json:${JSON.stringify({ driver: format, file: unlocked(path), ...overlay })}`;
}

/** A parent may be in use by other machines, which only read it, too. */
function unlocked(filename: string) {
  return { driver: "file", filename, locking: "off" };
}

/** Layout: https://qemu.readthedocs.io/en/latest/interop/qcow2.html */
const MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
const BACKING_AT = 8;
const SIZE_AT = 24;
const ENCRYPTION_AT = 32;
const INCOMPATIBLE_AT = 72;
/** damaged, or its data is in another file */
const UNUSABLE = 0b110n;

export interface Qcow2Facts {
  readonly virtualBytes: number;
  readonly hasBacking: boolean;
  /** @throws Error when its data is not all in it, readable as it is */
  mustBeWhole(): void;
}

/** @throws Error for a file that is none */
export async function readQcow2(file: string): Promise<Qcow2Facts> {
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
  const version = buffer.readUInt32BE(4);
  const isQcow2 = bytesRead >= INCOMPATIBLE_AT && buffer.readUInt32BE(0) === MAGIC;
  if (!isQcow2 || (version !== 2 && version !== 3)) throw new Error(`${file} is no qcow2 disk`);
  const features = version === 2 ? 0n : buffer.readBigUInt64BE(INCOMPATIBLE_AT);
  const isEncrypted = buffer.readUInt32BE(ENCRYPTION_AT) !== 0;
  return {
    virtualBytes: Number(buffer.readBigUInt64BE(SIZE_AT)),
    hasBacking: buffer.readBigUInt64BE(BACKING_AT) !== 0n,
    mustBeWhole() {
      if ((features & UNUSABLE) === 0n && !isEncrypted) return;
      throw new Error(`${file} is damaged, encrypted, or has its data elsewhere`);
    },
  };
}
