/**
 * Recipes as files: `images/<name>/recipe.json`, its `customize.sh`, and `files/` to copy in.
 *
 * A recipe's digest covers every file of its directory, so editing one means building again.
 */

import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import type { InitKind } from "#core/image/manifest.ts";

export interface RootfsRecipe {
  readonly description: string;
  /** Debian release */
  readonly suite: string;
  /** mmdebstrap's word for the packages to begin with */
  readonly variant: string;
  readonly packages: readonly string[];
  readonly init: InitKind;
  readonly defaultUser: string;
  /** size of the file system as the guest sees it, in `MiB` */
  readonly diskMiB: number;
  readonly journalMiB: number;
  readonly filesystemUuid: string;
  readonly preferredKernels: readonly string[];
  /** beginnings of module paths below `kernel/`; what they need comes along */
  readonly modules: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

export interface CloudKernelRecipe {
  readonly description: string;
  /** package that depends on the newest kernel */
  readonly metapackage: string;
  readonly initramfsModules: readonly string[];
}

export interface CompiledKernelRecipe {
  readonly description: string;
  readonly sourcePackage: string;
  readonly localVersion: string;
  /** program to the Debian package that has it */
  readonly programs: Readonly<Record<string, string>>;
  /** header file to the Debian package that has it */
  readonly headers: Readonly<Record<string, string>>;
}

/** Recipes are part of this program's source: their shape is taken on trust. */
export async function readRecipe<Recipe>(recipesDir: string, name: string): Promise<Recipe> {
  const file = path.join(recipesDir, name, "recipe.json");
  try {
    const recipe: Recipe = JSON.parse(await readFile(file, "utf8"));
    return recipe;
  } catch (cause) {
    const message = `The recipe ${name} is missing or damaged`;
    throw new AlcoveError("build_failed", message, { step: "read the recipe" }, { cause });
  }
}

/** Digest of files and directories, by name, content and executable bit. */
export async function digestOfFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const start of paths) await addToDigest(hash, start, path.basename(start));
  return hash.digest("hex");
}

async function addToDigest(
  hash: ReturnType<typeof createHash>,
  file: string,
  name: string,
): Promise<void> {
  const found = await stat(file);
  if (found.isDirectory()) {
    const inside = (await readdir(file)).toSorted();
    for (const child of inside) await addToDigest(hash, path.join(file, child), `${name}/${child}`);
    return;
  }
  const content = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  hash.update(`${name} ${found.mode & 0o111 ? "x" : "-"} ${content}\n`);
}
