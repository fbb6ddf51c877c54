/** Each VM's own files: `<root>/<vm id>/disk….qcow2`, `console.log`, and `state-…` while it is suspended. */

import { link, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { isVmId, type LayerId } from "#core/ids.ts";
import type { DiskLayers, Ground } from "#core/ports/disk-layers.ts";
import type { DiskStore, StateOfVm } from "#core/ports/disk-store.ts";
import type { DiskPlan } from "#core/ports/machine.ts";

import { syncDirectory } from "./blob-store.ts";
import { LayerStore } from "./layer-store.ts";
import { isOverlayName, overlayPath } from "./overlay-files.ts";
import { emptyOverlay, emptyOverlayBytes, HEADER_LOOK_BYTES, virtualSizeOf } from "./qcow2.ts";

const STATE_PREFIX = "state-";

export interface OpenDisks {
  readonly disks: VmDisks;
  readonly layers: LayerStore;
}

/** @param root absolute; VMs' files are in its `vms`, layers in its `layers` */
export async function openDisks(root: string): Promise<OpenDisks> {
  const vmsRoot = path.join(root, "vms");
  const layers = await LayerStore.open(path.join(root, "layers"), vmsRoot);
  return { layers, disks: await VmDisks.open(vmsRoot, layers) };
}

export class VmDisks implements DiskStore {
  readonly #root: string;
  readonly #layers: DiskLayers;

  private constructor(root: string, layers: DiskLayers) {
    this.#root = root;
    this.#layers = layers;
  }

  static async open(root: string, layers: DiskLayers): Promise<VmDisks> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new VmDisks(root, layers);
  }

  async create(vmId: string, ground: Ground, sizeBytes: number): Promise<void> {
    const overlay = this.#emptyOn(ground, sizeBytes);
    await mkdir(this.#directory(vmId), { mode: 0o700 });
    try {
      await writeFile(this.#overlayPath(vmId, ground.layer), overlay, { mode: 0o600 });
    } catch (error) {
      await this.remove(vmId);
      throw error;
    }
  }

  async createWithoutDisk(vmId: string): Promise<void> {
    await mkdir(this.#directory(vmId), { mode: 0o700 });
  }

  /** Durable when it resolves: the record that names it is. */
  async addOverlay(vmId: string, ground: Ground, sizeBytes: number): Promise<void> {
    const overlay = this.#emptyOn(ground, sizeBytes);
    const file = this.#overlayPath(vmId, ground.layer);
    const part = `${file}.part`;
    await rm(part, { force: true });
    try {
      await using handle = await open(part, "wx", 0o600);
      await handle.writeFile(overlay);
      await handle.sync();
      await rename(part, file);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await syncDirectory(this.#directory(vmId));
  }

  rootDisk(vmId: string, ground: Ground): DiskPlan {
    return {
      id: "root",
      path: this.#overlayPath(vmId, ground.layer),
      format: "qcow2",
      readOnly: false,
      backing: this.#layers.below(ground),
    };
  }

  async isUntouched(vmId: string, ground: Ground): Promise<boolean> {
    await using file = await open(this.#overlayPath(vmId, ground.layer), "r");
    const look = await file.read(Buffer.alloc(HEADER_LOOK_BYTES), 0, HEADER_LOOK_BYTES, 0);
    const { size } = await file.stat();
    return size === emptyOverlayBytes(virtualSizeOf(look.buffer.subarray(0, look.bytesRead)));
  }

  async keepOnlyOverlay(vmId: string, layer: LayerId | undefined): Promise<void> {
    const kept = path.basename(this.#overlayPath(vmId, layer));
    const names = await namesIn(this.#directory(vmId));
    if (!names.includes(kept)) return; // then what there is may be all that is left of the disk
    await this.#removeOthers(vmId, isOverlayName, kept);
  }

  consoleLogPath(vmId: string): string {
    return path.join(this.#directory(vmId), "console.log");
  }

  statePath(vmId: string, name: string): string {
    return path.join(this.#directory(vmId), `${STATE_PREFIX}${name}`);
  }

  async keepOnlyState(vmId: string, name: string | undefined): Promise<void> {
    const kept = name === undefined ? undefined : `${STATE_PREFIX}${name}`;
    await this.#removeOthers(vmId, (entry) => entry.startsWith(STATE_PREFIX), kept);
  }

  async shareState(from: StateOfVm, to: StateOfVm): Promise<void> {
    const there = this.statePath(from.vmId, from.name);
    const here = this.statePath(to.vmId, to.name);
    const part = `${here}.part`;
    await mkdir(part, { mode: 0o700 });
    try {
      for (const entry of await readdir(there)) {
        await link(path.join(there, entry), path.join(part, entry));
      }
      await rename(part, here);
    } catch (error) {
      await rm(part, { recursive: true, force: true });
      throw error;
    }
  }

  async removeState({ vmId, name }: StateOfVm): Promise<void> {
    const state = this.statePath(vmId, name);
    for (const it of [state, `${state}.part`]) await rm(it, { recursive: true, force: true });
  }

  async remove(vmId: string): Promise<void> {
    await rm(this.#directory(vmId), { recursive: true, force: true });
  }

  async list(): Promise<readonly string[]> {
    return (await readdir(this.#root)).filter(isVmId);
  }

  async #removeOthers(
    vmId: string,
    ofKind: (entry: string) => boolean,
    kept: string | undefined,
  ): Promise<void> {
    for (const entry of await namesIn(this.#directory(vmId))) {
      if (!ofKind(entry) || entry === kept) continue;
      await rm(path.join(this.#directory(vmId), entry), { recursive: true, force: true });
    }
  }

  #emptyOn(ground: Ground, virtualSizeBytes: number): Buffer {
    const { path: backingPath, format: backingFormat } = this.#layers.below(ground);
    return emptyOverlay({ virtualSizeBytes, backingPath, backingFormat });
  }

  #directory(vmId: string): string {
    return path.join(this.#root, vmId);
  }

  #overlayPath(vmId: string, layer: LayerId | undefined): string {
    return overlayPath(this.#directory(vmId), layer);
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
