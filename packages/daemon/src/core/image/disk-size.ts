/** How large root disks are: an image's own size, or what a host group says, which may only be more. */

import { humanBytes, KIB } from "#lib/bytes.ts";
import { StartRefused } from "#lib/start-refused.ts";

import { AlcoveError, invalidRequest } from "../errors.ts";
import type { HostGroup } from "../group/host-group.ts";
import type { ImageStore, ResolvedImage } from "../ports/image-store.ts";

/** disks are made of blocks of this size, as guests' file systems are */
const BLOCK_BYTES = 4 * KIB;

/**
 * @param wantedBytes `undefined` is the image's own size
 * @throws AlcoveError `invalid_request` when the image does not fit
 */
export function rootDiskBytes(wantedBytes: number | undefined, image: ResolvedImage): number {
  const needed = image.rootfs.virtualSizeBytes;
  const bytes = Math.ceil((wantedBytes ?? needed) / BLOCK_BYTES) * BLOCK_BYTES;
  if (bytes >= needed) return wantedBytes === undefined ? needed : bytes;
  const sizes = `${humanBytes(bytes)}, and the disk of image ${image.name} has ${humanBytes(needed)}`;
  throw invalidRequest("storage_size", `is ${sizes}: a root disk cannot be smaller than its image`);
}

/**
 * At a daemon's start: a group whose VMs could never be made is told now, not at the first create.
 * Images that are not built yet are passed over.
 * @throws StartRefused
 */
export async function checkGroupDisks(
  groups: readonly HostGroup[],
  images: ImageStore,
  signal: AbortSignal,
): Promise<void> {
  for (const { name, image, diskBytes } of groups) {
    if (diskBytes === undefined) continue;
    try {
      rootDiskBytes(diskBytes, await images.resolve(image, signal));
    } catch (error) {
      if (AlcoveError.is(error, "image_not_found")) continue;
      if (!AlcoveError.is(error, "invalid_request")) throw error;
      throw new StartRefused(`Host group ${name}: ${error.message}`, { cause: error });
    }
  }
}
