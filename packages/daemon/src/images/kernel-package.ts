/**
 * Debian's cloud kernel: downloaded and unpacked, never installed on the host.
 */

import { cp, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";

import { run, runText } from "#process/run.ts";

import { type BuildContext, buildFailed, scratchDir, during, toolEnv } from "./build-tools.ts";
import type { CloudKernelRecipe } from "./recipe.ts";

const DOWNLOAD = "download the kernel package";

/** An unpacked kernel package. */
export interface UnpackedKernel extends AsyncDisposable {
  /** what `uname -r` will say */
  readonly release: string;
  /** Debian package, `name=version` */
  readonly source: string;
  readonly bzImagePath: string;
  /** directory that holds `kernel/` and the `modules.*` files */
  readonly modulesDir: string;
}

export async function unpackCloudKernel(
  context: BuildContext,
  recipe: CloudKernelRecipe,
  signal: AbortSignal,
): Promise<UnpackedKernel> {
  const deb = await cachedPackage(context, recipe, signal);
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await scratchDir(context.root, "kernel"));
  return await during(context, "unpack the kernel package", async () => {
    await run({ file: "dpkg-deb", args: ["-x", deb, dir.path] }, signal);
    const modulesRoot = path.join(dir.path, "lib", "modules");
    const [release] = await readdir(modulesRoot);
    if (release === undefined) throw buildFailed(DOWNLOAD, "the package holds no modules");
    await run({ file: "depmod", args: ["-b", dir.path, release] }, signal);
    const fields = ["-f", deb, "Package", "Version"];
    const about = await runText({ file: "dpkg-deb", args: fields }, signal);
    const value = (field: string) => new RegExp(`^${field}: (.+)$`, "m").exec(about)?.[1] ?? "";
    const scope = undo.move();
    return {
      release,
      source: `${value("Package")}=${value("Version")}`,
      bzImagePath: path.join(dir.path, "boot", `vmlinuz-${release}`),
      modulesDir: path.join(modulesRoot, release),
      [Symbol.asyncDispose]: () => scope.disposeAsync(),
    };
  });
}

/** @returns path of the package in the store's cache, downloading it if there is none */
async function cachedPackage(
  context: BuildContext,
  recipe: CloudKernelRecipe,
  signal: AbortSignal,
): Promise<string> {
  const cache = path.join(context.root, "cache", "kernel");
  await mkdir(cache, { recursive: true });
  const cached = (await readdir(cache)).filter((name) => name.endsWith(".deb"));
  if (cached[0] !== undefined && context.freshness === "cached") return path.join(cache, cached[0]);
  return await during(context, DOWNLOAD, async () => {
    const name = await newestKernel(recipe.metapackage, signal);
    const file = await downloadPackage(context, { name, cache }, signal);
    for (const old of cached.filter((other) => other !== path.basename(file))) {
      await rm(path.join(cache, old));
    }
    return file;
  });
}

/** Downloads one Debian package into a directory. @returns the file's path */
export async function downloadPackage(
  context: BuildContext,
  what: { name: string; cache: string },
  signal: AbortSignal,
): Promise<string> {
  await using dir = await scratchDir(context.root, "download");
  // Downloads run as root here: apt's own user could not write into the directory.
  const args = ["-q", "-o", "APT::Sandbox::User=root", "download", what.name];
  await run({ file: "apt-get", args, cwd: dir.path, env: toolEnv(context) }, signal);
  const [file] = (await readdir(dir.path)).filter((name) => name.endsWith(".deb"));
  if (file === undefined) throw buildFailed(DOWNLOAD, "apt-get left no package behind");
  const target = path.join(what.cache, file);
  await rename(path.join(dir.path, file), target);
  return target;
}

async function newestKernel(metapackage: string, signal: AbortSignal): Promise<string> {
  const text = await runText({ file: "apt-cache", args: ["depends", metapackage] }, signal);
  const name = /^\s*Depends: (linux-image-\S+)$/m.exec(text)?.[1];
  if (name !== undefined) return name;
  throw buildFailed(DOWNLOAD, `apt knows no ${metapackage}; run "apt-get update" and try again`);
}

/** Copies part of the module tree into a root file system and indexes it for modprobe. */
export async function installModules(
  kernel: UnpackedKernel,
  target: { tree: string; paths: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const dir = path.join(target.tree, "usr", "lib", "modules", kernel.release);
  for (const file of target.paths) {
    const copy = path.join(dir, file);
    await mkdir(path.dirname(copy), { recursive: true });
    await cp(path.join(kernel.modulesDir, file), copy);
  }
  for (const index of ["modules.builtin", "modules.builtin.modinfo", "modules.order"]) {
    await cp(path.join(kernel.modulesDir, index), path.join(dir, index));
  }
  await run(
    { file: "depmod", args: ["-b", path.join(target.tree, "usr"), kernel.release] },
    signal,
  );
}

/** @returns text of one of the `modules.*` files */
export function readModuleIndex(kernel: UnpackedKernel, name: string): Promise<string> {
  return readFile(path.join(kernel.modulesDir, name), "utf8");
}
