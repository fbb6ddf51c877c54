/** Each VM's own files: `<root>/<vm id>/disk.qcow2`, `console.log`, and `state-…` while it is suspended. */

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isVmId } from "#core/ids.ts";
import type { BaseDisk, DiskStore } from "#core/ports/disk-store.ts";
import type { DiskPlan } from "#core/ports/hypervisor.ts";

import { emptyOverlay } from "./qcow2.ts";

const STATE_PREFIX = "state-";

export class VmDisks implements DiskStore {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(root: string): Promise<VmDisks> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new VmDisks(root);
  }

  async create(vmId: string, base: BaseDisk, sizeBytes: number): Promise<void> {
    const { path: backingPath, format: backingFormat } = base;
    const overlay = emptyOverlay({ virtualSizeBytes: sizeBytes, backingPath, backingFormat });
    await mkdir(this.#directory(vmId), { mode: 0o700 });
    try {
      await writeFile(this.#overlayPath(vmId), overlay, { mode: 0o600 });
    } catch (error) {
      await this.remove(vmId);
      throw error;
    }
  }

  rootDisk(vmId: string, { path: backingPath, format }: BaseDisk): DiskPlan {
    return {
      id: "root",
      path: this.#overlayPath(vmId),
      format: "qcow2",
      readOnly: false,
      backing: { path: backingPath, format },
    };
  }

  consoleLogPath(vmId: string): string {
    return path.join(this.#directory(vmId), "console.log");
  }

  statePath(vmId: string, name: string): string {
    return path.join(this.#directory(vmId), `${STATE_PREFIX}${name}`);
  }

  async keepOnlyState(vmId: string, name: string | undefined): Promise<void> {
    const kept = name === undefined ? undefined : `${STATE_PREFIX}${name}`;
    for (const entry of await namesIn(this.#directory(vmId))) {
      if (!entry.startsWith(STATE_PREFIX) || entry === kept) continue;
      await rm(path.join(this.#directory(vmId), entry), { recursive: true, force: true });
    }
  }

  async remove(vmId: string): Promise<void> {
    await rm(this.#directory(vmId), { recursive: true, force: true });
  }

  async list(): Promise<readonly string[]> {
    return (await readdir(this.#root)).filter(isVmId);
  }

  #directory(vmId: string): string {
    return path.join(this.#root, vmId);
  }

  #overlayPath(vmId: string): string {
    return path.join(this.#directory(vmId), "disk.qcow2");
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
