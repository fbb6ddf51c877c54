/**
 * Compiles the kernel `kernel-small`: Debian's kernel source, our configuration, everything built in.
 *
 * It takes minutes, so it is never done unasked. The source is unpacked and compiled in scratch
 * space of the store; only the stripped ELF is kept.
 */

import { copyFile, mkdir, readFile, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";

import {
  contentId,
  type KernelManifest,
  manifestOf,
  MANIFEST_SCHEMA,
} from "#core/image/manifest.ts";
import { run, runText } from "#process/run.ts";

import type { BuildOutcome } from "./build-rootfs.ts";
import {
  type BuildContext,
  buildFailed,
  during,
  runTool,
  scratchDir,
  SOURCE_DATE_EPOCH,
  toolEnv,
} from "./build-tools.ts";
import { findBuilt, rememberBuilt } from "./built-record.ts";
import { downloadPackage } from "./kernel-package.ts";
import type { LocalImageStore } from "./local-image-store.ts";
import { type CompiledKernelRecipe, digestOfFiles, readRecipe } from "./recipe.ts";

export const SMALL_KERNEL = "kernel-small";

const COMPILE = "compile the kernel";

/** raised when the builder itself changes what it makes */
const BUILDER_REVISION = 1;

/**
 * How many object files the build makes, for the progress shown; wrong by some per cent when Debian's
 * source changes, which nobody minds.
 */
const EXPECTED_OBJECTS = 1900;

export interface SmallKernelRequest {
  readonly store: LocalImageStore;
}

/** The caller holds the store's lock. Rejects with `build_failed`, naming what is not installed. */
export async function buildSmallKernel(
  context: BuildContext,
  request: SmallKernelRequest,
  signal: AbortSignal,
): Promise<BuildOutcome<KernelManifest>> {
  const { store } = request;
  const recipe = await readRecipe<CompiledKernelRecipe>(context.recipesDir, SMALL_KERNEL);
  const files = await digestOfFiles([path.join(context.recipesDir, SMALL_KERNEL)]);
  const recipeDigest = contentId({ revision: BUILDER_REVISION, files });
  const built =
    context.freshness === "cached" ? await findBuilt(store, SMALL_KERNEL, recipeDigest) : undefined;
  if (built?.kind === "kernel") return { manifest: built, outcome: "unchanged" };
  await checkTools(recipe);
  const manifest = await build(context, { store, recipe }, signal);
  await store.manifests.save(manifest);
  await rememberBuilt(store, manifest, recipeDigest);
  return { manifest, outcome: "built" };
}

/** Says in one sentence everything that is missing, before minutes have gone by. */
async function checkTools(recipe: CompiledKernelRecipe): Promise<void> {
  const missing: string[] = [];
  for (const [program, debianPackage] of Object.entries(recipe.programs)) {
    if (!(await onPath(program))) missing.push(debianPackage);
  }
  for (const [header, debianPackage] of Object.entries(recipe.headers)) {
    if (!(await isThere(header))) missing.push(debianPackage);
  }
  if (missing.length === 0) return;
  const names = [...new Set(missing)].join(" ");
  throw buildFailed(COMPILE, `Debian packages are missing: apt-get install ${names}`);
}

async function build(
  context: BuildContext,
  from: { store: LocalImageStore; recipe: CompiledKernelRecipe },
  signal: AbortSignal,
): Promise<KernelManifest> {
  const { store, recipe } = from;
  await using scratch = await scratchDir(store.root, "kernel");
  const source = await unpackSource(context, recipe, scratch.path, signal);
  await configure(context, recipe, source.dir, signal);
  await compile(context, source.dir, signal);
  const release = await runText(
    { file: "make", args: ["-s", "kernelrelease"], cwd: source.dir, env: buildEnv(context) },
    signal,
  );
  const vmlinux = path.join(scratch.path, "vmlinux");
  await run({ file: "strip", args: ["-o", vmlinux, path.join(source.dir, "vmlinux")] }, signal);
  const kernel = {
    name: SMALL_KERNEL,
    release: release.trim(),
    vmlinux: await store.blobs.putFile(vmlinux, signal),
    initramfs: null,
    args: [],
    source: source.debianPackage,
  };
  const content = { schema: MANIFEST_SCHEMA, kind: "kernel", name: SMALL_KERNEL, kernel } as const;
  return manifestOf(content, new Date());
}

interface Source {
  readonly dir: string;
  /** `name=version` */
  readonly debianPackage: string;
}

async function unpackSource(
  context: BuildContext,
  recipe: CompiledKernelRecipe,
  scratch: string,
  signal: AbortSignal,
): Promise<Source> {
  return await during(context, "download the kernel source", async () => {
    const name = recipe.sourcePackage;
    const deb = await downloadPackage(context, { name, cache: scratch }, signal);
    const version = await runText({ file: "dpkg-deb", args: ["-f", deb, "Version"] }, signal);
    await run({ file: "dpkg-deb", args: ["-x", deb, scratch] }, signal);
    const archive = path.join(scratch, "usr", "src", `${name}.tar.xz`);
    context.report({ step: "unpack the kernel source" });
    const dir = path.join(scratch, "source");
    await mkdir(dir);
    await run({ file: "tar", args: ["-xf", archive, "-C", dir, "--strip-components=1"] }, signal);
    return { dir, debianPackage: `${name}=${version.trim()}` };
  });
}

/** Refuses a configuration of which the source has dropped a part: that kernel might not boot. */
async function configure(
  context: BuildContext,
  recipe: CompiledKernelRecipe,
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  const fragment = path.join(dir, "alcove.config");
  await copyFile(path.join(context.recipesDir, SMALL_KERNEL, "fragment.config"), fragment);
  const args = ["allnoconfig", `KCONFIG_ALLCONFIG=${fragment}`];
  const step = "configure the kernel";
  await runTool(context, { step, file: "make", args, cwd: dir, env: buildEnv(context) }, signal);
  await run(
    {
      file: "scripts/config",
      args: ["--set-str", "LOCALVERSION", recipe.localVersion],
      cwd: dir,
    },
    signal,
  );
  const result = await readFile(path.join(dir, ".config"), "utf8");
  const essential = ["CONFIG_PVH", "CONFIG_VIRTIO_BLK", "CONFIG_VIRTIO_MMIO", "CONFIG_EXT4_FS"];
  const lost = essential.filter((option) => !result.includes(`${option}=y\n`));
  if (lost.length > 0) throw buildFailed(step, `the source no longer knows ${lost.join(", ")}`);
}

async function compile(context: BuildContext, dir: string, signal: AbortSignal): Promise<void> {
  let objects = 0;
  const progressOf = (line: string) => {
    if (!/^ {2}(CC|AS) /.test(line)) return undefined;
    objects += 1;
    return { detail: line.trim(), fraction: Math.min(objects / EXPECTED_OBJECTS, 0.99) };
  };
  const args = ["-n", "19", "make", `-j${availableParallelism()}`, "vmlinux"];
  const spec = { step: COMPILE, file: "nice", args, cwd: dir, env: buildEnv(context), progressOf };
  await runTool(context, spec, signal);
}

/** Who built it, when and where would otherwise be in the kernel and change its id. */
function buildEnv(context: BuildContext): Record<string, string> {
  return {
    ...toolEnv(context),
    KBUILD_BUILD_TIMESTAMP: new Date(SOURCE_DATE_EPOCH * 1000).toUTCString(),
    KBUILD_BUILD_USER: "alcove",
    KBUILD_BUILD_HOST: "alcove",
    KBUILD_BUILD_VERSION: "1",
  };
}

const SEARCH_DIRS = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

async function onPath(program: string): Promise<boolean> {
  for (const dir of SEARCH_DIRS) {
    if (await isThere(path.join(dir, program))) return true;
  }
  return false;
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
