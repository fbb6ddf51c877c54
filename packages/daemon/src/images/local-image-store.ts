/**
 * The image store on this host's disk: blobs, manifests and names below one directory.
 *
 * Reading needs no lock: manifests and blobs never change, and a name is replaced in one step.
 */

import { readdir } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import { blobsOf, contentId, type ImageManifest, type KernelPart } from "#core/image/manifest.ts";
import { parseImageReference } from "#core/image/reference.ts";
import type {
  ImageStore,
  InUse,
  RemovedImage,
  ResolvedImage,
  StoredImage,
} from "#core/ports/image-store.ts";

import { allocatedBytes, BlobStore } from "./blob-store.ts";
import { removeTree } from "./build-tools.ts";
import { type AnyManifest, ManifestFiles } from "./manifest-files.ts";
import { lockStore } from "./store-lock.ts";

/** how long a removal waits for a build to end, in `ms` */
const REMOVE_WAIT_MS = 5000;

export class LocalImageStore implements ImageStore {
  readonly root: string;
  readonly blobs: BlobStore;
  readonly manifests: ManifestFiles;

  private constructor(root: string, blobs: BlobStore, manifests: ManifestFiles) {
    this.root = root;
    this.blobs = blobs;
    this.manifests = manifests;
  }

  /** @param root absolute; made if missing */
  static async open(root: string): Promise<LocalImageStore> {
    return new LocalImageStore(root, await BlobStore.open(root), await ManifestFiles.open(root));
  }

  async resolve(reference: string, signal: AbortSignal): Promise<ResolvedImage> {
    signal.throwIfAborted();
    const manifest = await this.get(reference);
    if (manifest.kind === "kernel") throw notFound(reference, "is a kernel, not an image");
    if (!(await this.#isComplete(manifest)))
      throw notFound(reference, "has lost a file: `alcove image build` makes it again");
    return this.#resolved(manifest, await this.#kernelFor(manifest));
  }

  async list(signal: AbortSignal): Promise<readonly StoredImage[]> {
    const found: StoredImage[] = [];
    for (const id of await this.manifests.ids()) {
      signal.throwIfAborted();
      const manifest = await this.manifests.findById(id);
      if (manifest) found.push(await this.#stored(manifest));
    }
    return found.toSorted(byNameThenAge);
  }

  async remove(reference: string, inUse: InUse, signal: AbortSignal): Promise<RemovedImage> {
    const request = { purpose: "removing an image", waitMs: REMOVE_WAIT_MS, onWait: () => {} };
    await using _lock = await lockStore(this.root, request, signal);
    const manifest = await this.get(reference);
    const users = await inUse(await this.#stored(manifest));
    if (users.length > 0) {
      const message = `The image ${manifest.name} is in use by ${users.join(", ")}`;
      throw new AlcoveError("image_in_use", message, { image: manifest.name });
    }
    await this.manifests.remove(manifest);
    const freedBytes = await this.#collect();
    return { id: manifest.id, name: manifest.name, freedBytes };
  }

  /** Removes what newer builds replaced and nobody uses. The caller holds the store's lock. */
  async prune(
    which: { inUse: InUse; madeBefore: Date },
    signal: AbortSignal,
  ): Promise<{ removed: number; freedBytes: number }> {
    let removed = 0;
    for (const stored of await this.list(signal)) {
      const old = !stored.named && new Date(stored.manifest.createdAt) < which.madeBefore;
      if (!old || (await which.inUse(stored)).length > 0) continue;
      await this.manifests.remove(stored.manifest);
      removed += 1;
    }
    return { removed, freedBytes: await this.#collect() };
  }

  /** Removes what a killed or failed build left. The caller holds the store's lock. */
  async sweep(): Promise<void> {
    const tmp = path.join(this.root, "tmp");
    for (const name of await readdir(tmp)) await removeTree(path.join(tmp, name));
    await this.#collect();
  }

  /** Reads all blobs again. @returns whether each still is what its name says */
  async verify(manifest: AnyManifest, signal: AbortSignal): Promise<boolean> {
    for (const blob of blobsOf(manifest)) {
      if (!(await this.blobs.verify(blob, signal))) return false;
    }
    return true;
  }

  /** Rejects with `image_not_found`. */
  async get(reference: string): Promise<AnyManifest> {
    const parsed = parseImageReference(reference);
    if (parsed.kind === "name") {
      const manifest = await this.manifests.findByName(parsed.name);
      if (manifest) return manifest;
      throw notFound(reference, NOT_BUILT);
    }
    const ids = (await this.manifests.ids()).filter((id) => id.startsWith(parsed.prefix));
    if (ids.length > 1) throw notFound(reference, "is the beginning of several ids");
    const manifest = ids[0] === undefined ? undefined : await this.manifests.findById(ids[0]);
    if (manifest) return manifest;
    throw notFound(reference, NOT_BUILT);
  }

  async #kernelFor(image: ImageManifest): Promise<KernelPart> {
    for (const name of image.preferredKernels) {
      const found = await this.manifests.findByName(name);
      if (found?.kind === "kernel" && (await this.#isComplete(found))) return found.kernel;
    }
    return image.kernel;
  }

  #resolved(image: ImageManifest, kernel: KernelPart): ResolvedImage {
    const { rootfs } = image;
    return {
      id: image.id,
      name: image.name,
      kernel: {
        id: contentId(kernel),
        name: kernel.name,
        release: kernel.release,
        path: this.blobs.pathOf(kernel.vmlinux),
        initramfsPath: kernel.initramfs === null ? undefined : this.blobs.pathOf(kernel.initramfs),
        args: [...kernel.args, ...image.args],
      },
      rootfs: {
        path: this.blobs.pathOf(rootfs.blob),
        format: rootfs.format,
        filesystem: rootfs.filesystem,
        virtualSizeBytes: rootfs.virtualSizeBytes,
      },
      init: image.init,
      agentVersion: image.agentVersion ?? undefined,
      defaultUser: image.defaultUser ?? undefined,
    };
  }

  async #isComplete(manifest: AnyManifest): Promise<boolean> {
    for (const blob of blobsOf(manifest)) {
      if (!(await this.blobs.has(blob))) return false;
    }
    return true;
  }

  async #stored(manifest: AnyManifest): Promise<StoredImage> {
    const blobPaths = blobsOf(manifest).map((blob) => this.blobs.pathOf(blob));
    let sum = 0;
    for (const file of blobPaths) sum += await allocatedBytes(file);
    const named = await this.manifests.isNamed(manifest);
    return { manifest, named, blobPaths, allocatedBytes: sum };
  }

  async #collect(): Promise<number> {
    const keep = new Set<string>();
    for (const id of await this.manifests.ids()) {
      const manifest = await this.manifests.findById(id);
      for (const blob of manifest ? blobsOf(manifest) : []) keep.add(blob.digest);
    }
    return this.blobs.collect(keep);
  }
}

function byNameThenAge(a: StoredImage, b: StoredImage): number {
  return sortKey(a) < sortKey(b) ? -1 : 1;
}

function sortKey({ named, manifest }: StoredImage): string {
  return `${named ? 0 : 1} ${manifest.name} ${manifest.createdAt}`;
}

const NOT_BUILT =
  "does not exist: `alcove image ls` shows what there is, `alcove image build` makes more";

function notFound(reference: string, why: string): AlcoveError<"image_not_found"> {
  const message = `The image ${reference} ${why}`;
  return new AlcoveError("image_not_found", message, { image: reference });
}
