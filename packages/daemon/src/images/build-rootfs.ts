/** Builds an image from a root file system recipe: `base` or `systemd`. */

import { stat } from "node:fs/promises";
import path from "node:path";

import {
  contentId,
  type ImageManifest,
  manifestOf,
  MANIFEST_SCHEMA,
} from "#core/image/manifest.ts";
import { MIB } from "#lib/bytes.ts";

import { type BuildContext, buildFailed, scratchDir, during } from "./build-tools.ts";
import { findBuilt, rememberBuilt } from "./built-record.ts";
import { CLOUD_KERNEL, storeCloudKernel } from "./cloud-kernel.ts";
import { debianTree } from "./debian-tree.ts";
import { makeExt4 } from "./ext4.ts";
import { unpackCloudKernel, type UnpackedKernel } from "./kernel-package.ts";
import type { LocalImageStore } from "./local-image-store.ts";
import { type CloudKernelRecipe, digestOfFiles, readRecipe, type RootfsRecipe } from "./recipe.ts";
import { assembleTree, installedPackages } from "./rootfs-tree.ts";

/** raised when the builder itself changes what it makes, so that images are built again */
const BUILDER_REVISION = 2;

export type BuildOutcome<Manifest> = {
  readonly manifest: Manifest;
  /** `unchanged`: nothing it is made of has changed since the last build */
  readonly outcome: "built" | "unchanged";
};

export interface RootfsRequest {
  readonly name: string;
  readonly store: LocalImageStore;
  readonly agentVersion: string;
}

/** The caller holds the store's lock. Rejects with `build_failed`. */
export async function buildRootfs(
  context: BuildContext,
  request: RootfsRequest,
  signal: AbortSignal,
): Promise<BuildOutcome<ImageManifest>> {
  const { name, store } = request;
  const recipe = await readRecipe<RootfsRecipe>(context.recipesDir, name);
  const recipeDigest = await digestOf(context, request, recipe);
  const built =
    context.freshness === "cached" ? await findBuilt(store, name, recipeDigest) : undefined;
  if (built?.kind === "image") return { manifest: built, outcome: "unchanged" };
  const manifest = await build(context, { ...request, recipe }, signal);
  await store.manifests.save(manifest);
  await rememberBuilt(store, manifest, recipeDigest);
  return { manifest, outcome: "built" };
}

/** Covers everything that goes into the image but the Debian packages of the day. */
async function digestOf(
  context: BuildContext,
  request: RootfsRequest,
  recipe: RootfsRecipe,
): Promise<string> {
  await mustExist(context.agentPath, "the agent has not been built yet");
  const files = [
    path.join(context.recipesDir, request.name),
    path.join(context.recipesDir, CLOUD_KERNEL),
    context.agentPath,
  ];
  if (recipe.init === "systemd") {
    await mustExist(context.agentUnitPath, "the agent's systemd unit is missing");
    files.push(context.agentUnitPath);
  }
  const { agentVersion } = request;
  return contentId({ revision: BUILDER_REVISION, agentVersion, files: await digestOfFiles(files) });
}

async function build(
  context: BuildContext,
  request: RootfsRequest & { recipe: RootfsRecipe },
  signal: AbortSignal,
): Promise<ImageManifest> {
  const { name, store, recipe } = request;
  const kernelRecipe = await readRecipe<CloudKernelRecipe>(context.recipesDir, CLOUD_KERNEL);
  await using kernel = await unpackCloudKernel(context, kernelRecipe, signal);
  const kernelPart = await storeCloudKernel(
    context,
    { store, recipe: kernelRecipe, kernel },
    signal,
  );
  const { blob, packages } = await makeDisk(context, { ...request, kernel }, signal);
  return manifestOf(
    {
      schema: MANIFEST_SCHEMA,
      kind: "image",
      name,
      kernel: kernelPart,
      preferredKernels: recipe.preferredKernels,
      rootfs: { blob, format: "raw", filesystem: "ext4", virtualSizeBytes: recipe.diskMiB * MIB },
      args: ["root=/dev/vda", "rw", "rootfstype=ext4", "init=/sbin/init"],
      init: recipe.init,
      agentVersion: request.agentVersion,
      defaultUser: recipe.defaultUser,
      packages,
    },
    new Date(),
  );
}

async function makeDisk(
  context: BuildContext,
  request: RootfsRequest & { recipe: RootfsRecipe; kernel: UnpackedKernel },
  signal: AbortSignal,
) {
  const { name, recipe, store, kernel } = request;
  const archive = await debianTree(context, name, recipe, signal);
  await using scratch = await scratchDir(store.root, "rootfs");
  const tree = path.join(scratch.path, "tree");
  const files = path.join(context.recipesDir, name, "files");
  await during(context, "put the root file system together", () =>
    assembleTree(context, { recipe, archive, files, kernel, tree }, signal),
  );
  const target = path.join(scratch.path, "disk.ext4");
  const { diskMiB: sizeMiB, journalMiB, filesystemUuid: uuid } = recipe;
  await during(context, "make the disk", () =>
    makeExt4({ tree, target, sizeMiB, journalMiB, uuid }, signal),
  );
  const blob = await during(context, "store the disk", () => store.blobs.putFile(target, signal));
  return { blob, packages: await installedPackages(tree) };
}

async function mustExist(file: string, problem: string): Promise<void> {
  if (await stat(file).catch(() => undefined)) return;
  throw buildFailed("start the build", problem);
}
