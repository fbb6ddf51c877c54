/** The kernel `debian-cloud` as blobs of the store: ELF and initramfs. */

import { readFile } from "node:fs/promises";

import type { KernelPart } from "#core/image/manifest.ts";

import { type BuildContext, buildFailed, during } from "./build-tools.ts";
import { buildInitramfs } from "./initramfs.ts";
import type { UnpackedKernel } from "./kernel-package.ts";
import type { LocalImageStore } from "./local-image-store.ts";
import type { CloudKernelRecipe } from "./recipe.ts";
import { extractVmlinux } from "./vmlinux.ts";

export const CLOUD_KERNEL = "debian-cloud";

export async function storeCloudKernel(
  context: BuildContext,
  from: { store: LocalImageStore; recipe: CloudKernelRecipe; kernel: UnpackedKernel },
  signal: AbortSignal,
): Promise<KernelPart> {
  const { store, recipe, kernel } = from;
  return await during(context, "take the kernel out of its package", async () => {
    const vmlinux = await extract(kernel.bzImagePath, signal);
    const initramfs = await buildInitramfs(kernel, context.agentPath, recipe.initramfsModules);
    return {
      name: CLOUD_KERNEL,
      release: kernel.release,
      vmlinux: await store.blobs.putBytes(vmlinux, signal),
      initramfs: await store.blobs.putBytes(initramfs, signal),
      args: [],
      source: kernel.source,
    };
  });
}

async function extract(bzImagePath: string, signal: AbortSignal): Promise<Buffer> {
  try {
    return await extractVmlinux(await readFile(bzImagePath), signal);
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw buildFailed("take the kernel out of its package", why, cause);
  }
}
