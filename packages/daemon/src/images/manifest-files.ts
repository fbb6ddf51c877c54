/**
 * Manifests and names on disk: `manifests/<id>.json`, and `names/<name>` holding an id.
 */

import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";

import { type ImageManifest, type KernelManifest, MANIFEST_SCHEMA } from "#core/image/manifest.ts";
import { isImageId, parseImageName } from "#core/image/reference.ts";

import { syncDirectory } from "./blob-store.ts";

export type AnyManifest = ImageManifest | KernelManifest;

export class ManifestFiles {
  readonly #manifests: string;
  readonly #names: string;

  private constructor(root: string) {
    this.#manifests = path.join(root, "manifests");
    this.#names = path.join(root, "names");
  }

  static async open(root: string): Promise<ManifestFiles> {
    const files = new ManifestFiles(root);
    await mkdir(files.#manifests, { recursive: true });
    await mkdir(files.#names, { recursive: true });
    return files;
  }

  /** Stores a manifest and lets its name point to it. Its blobs must be in the store already. */
  async save(manifest: AnyManifest): Promise<void> {
    const file = path.join(this.#manifests, `${manifest.id}.json`);
    await writeDurably(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
    await writeDurably(path.join(this.#names, parseImageName(manifest.name)), `${manifest.id}\n`);
  }

  async findByName(name: string): Promise<AnyManifest | undefined> {
    const id = await this.#idOf(name);
    return id === undefined ? undefined : this.findById(id);
  }

  async findById(id: string): Promise<AnyManifest | undefined> {
    if (!isImageId(id)) return undefined;
    const text = await readFile(path.join(this.#manifests, `${id}.json`), "utf8").catch(notThere);
    return text === undefined ? undefined : parseManifest(text, id);
  }

  async ids(): Promise<string[]> {
    const files = await readdir(this.#manifests);
    return files.map((file) => file.replace(/\.json$/, "")).filter(isImageId);
  }

  async isNamed(manifest: AnyManifest): Promise<boolean> {
    return (await this.#idOf(manifest.name)) === manifest.id;
  }

  /** Removes the name first, so that nobody resolves to something half gone. */
  async remove(manifest: AnyManifest): Promise<void> {
    if (await this.isNamed(manifest)) await rm(path.join(this.#names, manifest.name));
    await rm(path.join(this.#manifests, `${manifest.id}.json`), { force: true });
    await syncDirectory(this.#manifests);
  }

  async #idOf(name: string): Promise<string | undefined> {
    const text = await readFile(path.join(this.#names, name), "utf8").catch(notThere);
    return text?.trim();
  }
}

function parseManifest(text: string, id: string): AnyManifest {
  const manifest: unknown = JSON.parse(text);
  if (isManifest(manifest) && manifest.id === id) return manifest;
  throw new Error(
    `The manifest of image ${id} is damaged or of a schema this version does not know`,
  );
}

/** Only this store writes manifests: a known schema is proof enough of the rest. */
function isManifest(value: unknown): value is AnyManifest {
  if (typeof value !== "object" || value === null) return false;
  const manifest = value as Partial<Record<keyof AnyManifest, unknown>>;
  const known = manifest.kind === "image" || manifest.kind === "kernel";
  return manifest.schema === MANIFEST_SCHEMA && known;
}

function notThere(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

/** A reader sees the old content or the new; after a power cut too. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  {
    await using handle = await open(temporary, "wx", 0o644);
    await handle.writeFile(text);
    await handle.sync();
  }
  await rename(temporary, file);
  await syncDirectory(path.dirname(file));
}
