/**
 * A Debian tree as a tar archive, made by mmdebstrap from packages alone, and kept in the cache.
 *
 * This is the slow and only downloading part of an image; what the agent and the recipe's own files
 * add comes later, so changing those does not repeat it.
 */

import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

import { contentId } from "#core/image/manifest.ts";

import { type BuildContext, buildFailed, runTool, scratchDir, toolEnv } from "./build-tools.ts";
import { digestOfFiles, type RootfsRecipe } from "./recipe.ts";

const STEP = "install Debian packages";

/** documentation and translations double the size of a small system; licences stay */
const LEFT_OUT = [
  "path-exclude=/usr/share/man/*",
  "path-exclude=/usr/share/info/*",
  "path-exclude=/usr/share/doc/*",
  "path-include=/usr/share/doc/*/copyright",
  "path-exclude=/usr/share/locale/*",
  "path-exclude=/usr/share/lintian/*",
];

/** @returns path of the archive */
export async function debianTree(
  context: BuildContext,
  name: string,
  recipe: RootfsRecipe,
  signal: AbortSignal,
): Promise<string> {
  mustBeRoot();
  const hook = path.join(context.recipesDir, name, "customize.sh");
  const { suite, variant, packages } = recipe;
  const key = contentId({ suite, variant, packages, LEFT_OUT, hook: await digestOfFiles([hook]) });
  const cache = path.join(context.root, "cache", "debian");
  const archive = path.join(cache, `${name}-${key.slice(0, 32)}.tar`);
  if (context.freshness === "cached" && (await exists(archive))) return archive;
  await using scratch = await scratchDir(context.root, "debian");
  const fresh = path.join(scratch.path, "tree.tar");
  await bootstrap(context, { recipe, hook, scratch: scratch.path, target: fresh }, signal);
  await mkdir(cache, { recursive: true });
  await forgetTrees(context.root, name);
  await rename(fresh, archive);
  return archive;
}

/** Removes the trees that a new one of the same recipe replaces. */
async function forgetTrees(root: string, name: string): Promise<void> {
  const cache = path.join(root, "cache", "debian");
  const files = await readdir(cache).catch(() => []);
  const own = new RegExp(`^${name}-[0-9a-f]{32}\\.tar$`);
  for (const file of files.filter((candidate) => own.test(candidate)))
    await rm(path.join(cache, file));
}

interface Bootstrap {
  readonly recipe: RootfsRecipe;
  readonly hook: string;
  readonly scratch: string;
  readonly target: string;
}

async function bootstrap(
  context: BuildContext,
  what: Bootstrap,
  signal: AbortSignal,
): Promise<void> {
  const { recipe } = what;
  const args = [
    "--mode=root",
    `--variant=${recipe.variant}`,
    `--include=${recipe.packages.join(",")}`,
    ...LEFT_OUT.map((option) => `--dpkgopt=${option}`),
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=APT::Install-Recommends "false"',
    `--customize-hook=${what.hook}`,
    recipe.suite,
    what.target,
  ];
  const env = { ...toolEnv(context), TMPDIR: what.scratch };
  await runTool(context, { step: STEP, file: "mmdebstrap", args, env, progressOf }, signal);
}

/** mmdebstrap marks what it does with "I: "; the rest is the chatter of its tools. */
function progressOf(line: string): { detail: string } | undefined {
  return line.startsWith("I: ") ? { detail: line.slice(3) } : undefined;
}

function mustBeRoot(): void {
  if (process.getuid?.() === 0) return;
  throw buildFailed(STEP, "this needs root, as files of many owners are made; run it with sudo");
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
