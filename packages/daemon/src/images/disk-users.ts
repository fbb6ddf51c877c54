/**
 * Who uses an image, as the disk says: overlays in the state directory that name its file.
 *
 * A qcow2 overlay carries the path of what lies below it in its header. So this needs no database,
 * and is right even when no daemon runs.
 */

import { open, readdir } from "node:fs/promises";
import path from "node:path";

import type { InUse } from "#core/ports/image-store.ts";

const QCOW2_MAGIC = 0x514649fb;
/** magic, version, and where the backing file's name stands */
const HEADER_BYTES = 20;
/** longest name the format allows, in `bytes` */
const MAX_NAME_BYTES = 1023;
/** how deep below the state directory disks may lie */
const MAX_DEPTH = 4;

/** @returns a predicate that names the overlays standing on an image */
export function diskUsers(stateDir: string): InUse {
  return async ({ blobPaths }) => {
    const users: string[] = [];
    for await (const file of filesBelow(stateDir, MAX_DEPTH)) {
      const backing = await backingFileOf(file);
      const isOurs =
        backing !== undefined && blobPaths.includes(path.resolve(path.dirname(file), backing));
      if (isOurs) users.push(`the disk ${path.relative(stateDir, file)}`);
    }
    return users.toSorted();
  };
}

/** Every file that could be a disk; the image store's own directory is left out. */
async function* filesBelow(dir: string, depth: number): AsyncGenerator<string> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(goneMeanwhile);
  for (const entry of entries) {
    const file = path.join(dir, entry.name);
    if (entry.isFile() && entry.name.endsWith(".qcow2")) yield file;
    else if (entry.isDirectory() && depth > 0 && entry.name !== "images")
      yield* filesBelow(file, depth - 1);
  }
}

/** @returns the path in the header of a qcow2 file, or `undefined` when it stands alone */
export async function backingFileOf(file: string): Promise<string | undefined> {
  const handle = await open(file, "r").catch(goneMeanwhile);
  if (Array.isArray(handle)) return undefined;
  await using source = handle;
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await source.read(header, 0, HEADER_BYTES, 0);
  if (bytesRead < HEADER_BYTES || header.readUInt32BE(0) !== QCOW2_MAGIC) return undefined;
  const offset = Number(header.readBigUInt64BE(8));
  const size = header.readUInt32BE(16);
  if (offset === 0 || size === 0 || size > MAX_NAME_BYTES) return undefined;
  const name = Buffer.alloc(size);
  await source.read(name, 0, size, offset);
  return name.toString("utf8");
}

/** VMs come and go while this looks: what has just been deleted uses nothing. */
function goneMeanwhile(error: unknown): never[] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}
