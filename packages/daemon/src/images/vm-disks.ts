/** Each VM's own files: `<root>/<vm id>/disk.qcow2` and `console.log`. */

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isVmId } from "#core/ids.ts";
import type { BaseDisk, DiskStore } from "#core/ports/disk-store.ts";
import type { DiskPlan } from "#core/ports/hypervisor.ts";

import { emptyOverlay } from "./qcow2.ts";

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
