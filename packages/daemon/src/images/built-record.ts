/** Remembers from what an image was built, so that building it again can be skipped. */

import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";

import { blobsOf } from "#core/image/manifest.ts";

import type { LocalImageStore } from "./local-image-store.ts";
import { type AnyManifest, writeDurably } from "./manifest-files.ts";

interface BuiltRecord {
  readonly recipeDigest: string;
  readonly id: string;
}

/** @returns what was built from exactly this recipe, if its name and all its files are still there */
export async function findBuilt(
  store: LocalImageStore,
  name: string,
  recipeDigest: string,
): Promise<AnyManifest | undefined> {
  const record = await readRecord(recordPath(store.root, name));
  if (record?.recipeDigest !== recipeDigest) return undefined;
  const manifest = await store.manifests.findByName(name);
  if (manifest?.id !== record.id) return undefined;
  for (const blob of blobsOf(manifest)) {
    if (!(await store.blobs.has(blob))) return undefined;
  }
  return manifest;
}

export async function rememberBuilt(
  store: LocalImageStore,
  manifest: AnyManifest,
  recipeDigest: string,
): Promise<void> {
  const file = recordPath(store.root, manifest.name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeDurably(file, `${JSON.stringify({ recipeDigest, id: manifest.id })}\n`);
}

function recordPath(root: string, name: string): string {
  return path.join(root, "built", `${name}.json`);
}

async function readRecord(file: string): Promise<BuiltRecord | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(file, "utf8"));
    return isRecord(record) ? record : undefined;
  } catch {
    // Never built here, or damaged: then it is built again, which is always right.
    return undefined;
  }
}

function isRecord(value: unknown): value is BuiltRecord {
  return typeof value === "object" && value !== null && "recipeDigest" in value && "id" in value;
}
