/**
 * Making images, whoever asks for it: one writer of the store at a time, and nothing left of those before.
 *
 * The image tool and the daemon come here; they differ in what they show meanwhile.
 */

import { readFile } from "node:fs/promises";
import path from "node:path";

import { invalidRequest } from "#core/errors.ts";
import type { ImageManifest, KernelPart } from "#core/image/manifest.ts";

import { buildRootfs, type BuildOutcome } from "./build-rootfs.ts";
import type { BuildContext } from "./build-tools.ts";
import { CLOUD_KERNEL, storeCloudKernel } from "./cloud-kernel.ts";
import { importDisk, type ImportRequest } from "./disk-import.ts";
import { diskUsers } from "./disk-users.ts";
import { unpackCloudKernel } from "./kernel-package.ts";
import type { LocalImageStore } from "./local-image-store.ts";
import type { AnyManifest } from "./manifest-files.ts";
import { type CloudKernelRecipe, readRecipe } from "./recipe.ts";
import { buildSmallKernel, SMALL_KERNEL } from "./small-kernel.ts";
import { type LockHolder, lockStore } from "./store-lock.ts";

/** Where images are made, and of what. */
export interface Workshop {
  readonly store: LocalImageStore;
  /** where VMs have their disks, too */
  readonly stateDir: string;
  readonly context: BuildContext;
  readonly agentVersion: () => Promise<string>;
  /** told once, when another program changes the store */
  readonly onWait: (holder: LockHolder) => void;
}

/** how long a build waits for another one to end, in `ms` */
const BUILD_WAIT_MS = 30 * 60 * 1000;

/**
 * what a build replaced is kept this long, in `ms`: a VM that is just being created from it has no
 * disk yet that would show its use
 */
const KEEP_REPLACED_MS = 60 * 60 * 1000;

const ROOTFS_RECIPES = ["base", "systemd"];

/** what can be built by name, in the order in which people are told of it */
export const RECIPES: readonly string[] = [...ROOTFS_RECIPES, SMALL_KERNEL];

const AGENT = "target/x86_64-unknown-linux-gnu/release/alcove-agent";

/** What images are made of, in a checkout of this program. */
export function sourcesIn(repository: string) {
  return {
    recipesDir: path.join(repository, "images"),
    agentPath: path.join(repository, "guest", AGENT),
    agentUnitPath: path.join(repository, "guest/systemd/alcove-agent.service"),
  };
}

/** @returns the agent's version, as its package says */
export async function agentVersionIn(repository: string): Promise<string> {
  const manifest = await readFile(path.join(repository, "guest/Cargo.toml"), "utf8");
  const version = /^version = "([^"]+)"$/m.exec(manifest)?.[1];
  if (version === undefined) throw new Error("guest/Cargo.toml names no version");
  return version;
}

/** @throws AlcoveError `build_failed`, `image_store_busy`, or `invalid_request` for a recipe that there is not */
export async function buildImage(
  workshop: Workshop,
  name: string,
  signal: AbortSignal,
): Promise<BuildOutcome<AnyManifest>> {
  const { store, stateDir } = workshop;
  await using _lock = await writing(workshop, `building ${name}`, signal);
  const started = Date.now();
  const made = await buildOne(workshop, name, signal);
  if (made.outcome === "built") {
    const madeBefore = new Date(started - KEEP_REPLACED_MS);
    await store.prune({ inUse: diskUsers(stateDir), madeBefore }, signal);
  }
  return made;
}

/**
 * @param wanted `kernel` by name
 * @throws AlcoveError `invalid_request`, `image_not_found` for the kernel, `build_failed`, `image_store_busy`
 */
export async function importImage(
  workshop: Workshop,
  wanted: Pick<ImportRequest, "name" | "file" | "rootDevice" | "form"> & {
    readonly kernel: string;
  },
  signal: AbortSignal,
): Promise<ImageManifest> {
  const { store, context } = workshop;
  await using _lock = await writing(workshop, `importing ${wanted.name}`, signal);
  const kernel = await kernelNamed(workshop, wanted.kernel, signal);
  return await importDisk(context, { ...wanted, kernel, store }, signal);
}

/** Takes the store's lock, waiting for a build that runs, and removes what a killed one left. */
export async function writing(
  { store, onWait }: Pick<Workshop, "store" | "onWait">,
  purpose: string,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const lock = await lockStore(store.root, { purpose, waitMs: BUILD_WAIT_MS, onWait }, signal);
  await using undo = new AsyncDisposableStack();
  undo.use(lock);
  await store.sweep();
  const scope = undo.move();
  return { [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

/** @throws AlcoveError `invalid_request` */
export function checkRecipe(name: string): void {
  if (RECIPES.includes(name)) return;
  throw invalidRequest("recipe", `There is no recipe ${name}; there are ${RECIPES.join(", ")}`);
}

async function buildOne(
  { store, context, agentVersion }: Workshop,
  name: string,
  signal: AbortSignal,
): Promise<BuildOutcome<AnyManifest>> {
  checkRecipe(name);
  if (name === SMALL_KERNEL) return buildSmallKernel(context, { store }, signal);
  return buildRootfs(context, { name, store, agentVersion: await agentVersion() }, signal);
}

async function kernelNamed(
  { store, context }: Workshop,
  name: string,
  signal: AbortSignal,
): Promise<KernelPart> {
  if (name === CLOUD_KERNEL) {
    const recipe = await readRecipe<CloudKernelRecipe>(context.recipesDir, CLOUD_KERNEL);
    await using kernel = await unpackCloudKernel(context, recipe, signal);
    return await storeCloudKernel(context, { store, recipe, kernel }, signal);
  }
  return await kernelInStore(store, name);
}

/** @throws AlcoveError `image_not_found`, or `invalid_request` for an image */
export async function kernelInStore(store: LocalImageStore, name: string): Promise<KernelPart> {
  const manifest = await store.get(name);
  if (manifest.kind === "kernel") return manifest.kernel;
  throw invalidRequest("kernel", `${name} is an image, not a kernel`);
}
