/**
 * What overlays stand on, kept for as long as they need it: `<overlay>.parent` beside each, another name of the file that
 * was given. An overlay is worth nothing without exactly the bytes below it: so they stay when a newer file takes the
 * place of the one that was given, or it is removed.
 *
 * A file of another file system cannot have a name here. It is copied, once for all overlays on it: `<root>/<key>`
 * is the copy's name by which the next one finds it.
 */

import { link, lstat, mkdir, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

import { copyDisk } from "./backup-disks.ts";

export class KeptParents {
  readonly #root: string;

  /** @param root absolute, on the file system of the overlays; it need not exist */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * @param given the file that a new overlay is to stand on
   * @param kept where it is to stay: what was there stood below nothing, and is replaced
   */
  async keep(given: string, kept: string, signal: AbortSignal): Promise<void> {
    await rm(kept, { force: true });
    const original = await realpath(given); // a link to a link would follow the newer file
    if (await linked(original, kept)) return;
    const shared = path.join(this.#root, await keyOf(original));
    if (await linked(shared, kept)) return;
    const part = `${kept}.part`;
    await rm(part, { force: true });
    try {
      await copyDisk(original, part, signal);
      await rename(part, kept);
    } finally {
      await rm(part, { force: true });
    }
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    await linked(kept, shared); // somebody else may have been quicker: then there are two
  }

  /** Removes copies that nothing stands on any more. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#root).catch(() => []); // there never was a copy
    for (const name of names) {
      const copy = path.join(this.#root, name);
      const found = await lstat(copy).catch(() => undefined); // somebody else sweeps, too
      if (found?.nlink === 1) await rm(copy, { force: true });
    }
  }
}

/** Tells one state of one file from all others. */
async function keyOf(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [dev, ino, size, mtimeNs].join("-");
}

/** what says that a file cannot have this name, or not another one */
const NOT_HERE: readonly unknown[] = ["EXDEV", "EPERM", "EMLINK"];

/** @returns whether the file has the name now; not so where there is none, or it is on another file system */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (NOT_HERE.includes(code) || code === "ENOENT" || code === "EEXIST") return false;
    throw error;
  }
}
