/**
 * Sealed disks on this host: `<root>/<layer id>/{disk.qcow2,layer.json}`.
 *
 * A layer is made beside, as `<layer id>.part`, and renamed into place when all of it is durable. What there is, is
 * read once when the store is opened; nobody else changes it. Bytes are not copied: the disk is a second name of the
 * file that the VM wrote, which loses its first one afterwards.
 */

import { link, lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import { isLayerId, type LayerId } from "#core/ids.ts";
import type { DiskLayers, Ground, SealedFrom, SealedLayer } from "#core/ports/disk-layers.ts";
import type { DiskLayer } from "#core/ports/machine.ts";
import { Turnstile } from "#lib/turnstile.ts";

import { allocatedBytes, syncDirectory } from "./blob-store.ts";
import { descriptionOf, layerFrom } from "./layer-description.ts";
import { overlayPath } from "./overlay-files.ts";
import { HEADER_LOOK_BYTES, virtualSizeOf } from "./qcow2.ts";

/** the most layers below one disk: each is looked through for what the ones above do not hold */
export const MAX_CHAIN = 32;

const DISK = "disk.qcow2";
const DESCRIPTION = "layer.json";

const never = new AbortController().signal;

export class LayerStore implements DiskLayers {
  readonly #root: string;
  readonly #vmsRoot: string;
  readonly #layers = new Map<LayerId, SealedLayer>();
  /** names found when it was opened that are no layers: half-made, or damaged */
  readonly #broken = new Set<string>();
  readonly #changes = new Turnstile();

  private constructor(root: string, vmsRoot: string) {
    this.#root = root;
    this.#vmsRoot = vmsRoot;
  }

  /**
   * @param root absolute; made if missing
   * @param vmsRoot directory of the VMs' own directories, on the same file system
   */
  static async open(root: string, vmsRoot: string): Promise<LayerStore> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const store = new LayerStore(root, vmsRoot);
    for (const name of await readdir(root)) {
      const layer = isLayerId(name) ? await read(path.join(root, name), name) : undefined;
      if (layer) store.#layers.set(layer.id, layer);
      else store.#broken.add(name);
    }
    return store;
  }

  get(id: LayerId): SealedLayer {
    const layer = this.#layers.get(id);
    if (layer) return layer;
    const message = `The disk layer ${id} is not on this host, or its description is damaged: what stands on it cannot be read`;
    throw new AlcoveError("layer_missing", message, { layer: id });
  }

  below({ image: { path: file, format }, layer }: Ground): DiskLayer {
    const bottom: DiskLayer = { path: file, format, backing: undefined };
    return this.#chain(layer).reduceRight<DiskLayer>(
      (backing, { id }) => ({ path: this.#diskOf(id), format: "qcow2", backing }),
      bottom,
    );
  }

  mustTakeAnother(parent: LayerId | undefined): void {
    const below = this.#chain(parent).length;
    if (below >= MAX_CHAIN) throw tooLong(below);
  }

  async seal(id: LayerId, from: SealedFrom): Promise<SealedLayer> {
    using _turn = await this.#changes.enter(never);
    this.mustTakeAnother(from.ground.layer);
    const part = path.join(this.#root, `${id}.part`);
    await rm(part, { recursive: true, force: true });
    try {
      const layer = await this.#write(part, id, from);
      await rename(part, path.join(this.#root, id));
      await syncDirectory(this.#root);
      this.#layers.set(id, layer);
      return layer;
    } catch (error) {
      await rm(part, { recursive: true, force: true });
      throw error;
    }
  }

  list(): readonly SealedLayer[] {
    return [...this.#layers.values()];
  }

  async keepOnly(used: Iterable<LayerId>): Promise<readonly LayerId[]> {
    using _turn = await this.#changes.enter(never);
    const kept = this.#reachable(used);
    // Where a description in between is lost, nobody knows what is below: then nothing that is whole goes.
    const unsure = [...kept].some((id) => this.#broken.has(id));
    const removed = unsure ? [] : [...this.#layers.keys()].filter((id) => !kept.has(id));
    for (const id of removed) {
      this.#layers.delete(id);
      await rm(path.join(this.#root, id), { recursive: true, force: true });
    }
    for (const name of this.#broken) {
      if (isLayerId(name) && (unsure || kept.has(name))) continue;
      await rm(path.join(this.#root, name), { recursive: true, force: true });
      this.#broken.delete(name);
    }
    return removed;
  }

  /** from the top down */
  #chain(top: LayerId | undefined): readonly SealedLayer[] {
    const chain: SealedLayer[] = [];
    for (let id = top; id !== undefined;) {
      const layer = this.get(id);
      chain.push(layer);
      if (chain.length > MAX_CHAIN) throw tooLong(chain.length); // or descriptions that name each other
      id = layer.parent;
    }
    return chain;
  }

  #reachable(used: Iterable<LayerId>): ReadonlySet<LayerId> {
    const reached = new Set<LayerId>();
    for (const top of used) {
      let id: LayerId | undefined = top;
      while (id !== undefined && !reached.has(id)) {
        reached.add(id);
        id = this.#layers.get(id)?.parent;
      }
    }
    return reached;
  }

  async #write(part: string, id: LayerId, from: SealedFrom): Promise<SealedLayer> {
    const { vmId, ground, imageId } = from;
    const disk = path.join(part, DISK);
    await mkdir(part, { mode: 0o700 });
    await link(overlayPath(path.join(this.#vmsRoot, vmId), ground.layer), disk);
    const virtualSizeBytes = await settle(disk);
    const layer = {
      id,
      parent: ground.layer,
      imageId,
      virtualSizeBytes,
      allocatedBytes: await allocatedBytes(disk),
      sealedAt: new Date(),
    };
    await using file = await open(path.join(part, DESCRIPTION), "wx", 0o600);
    await file.writeFile(descriptionOf(layer));
    await file.sync();
    await syncDirectory(part);
    return layer;
  }

  #diskOf(id: LayerId): string {
    return path.join(this.#root, id, DISK);
  }
}

/** Makes a disk durable. @returns how large it is for the guest, in bytes */
async function settle(disk: string): Promise<number> {
  await using file = await open(disk, "r");
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(HEADER_LOOK_BYTES),
    0,
    HEADER_LOOK_BYTES,
    0,
  );
  const size = virtualSizeOf(buffer.subarray(0, bytesRead));
  await file.sync();
  return size;
}

/** @returns `undefined` for what is no whole layer */
async function read(directory: string, id: LayerId): Promise<SealedLayer | undefined> {
  const disk = await lstat(path.join(directory, DISK)).catch(() => undefined);
  const text = await readFile(path.join(directory, DESCRIPTION), "utf8").catch(() => "");
  const layer = layerFrom(text);
  return disk?.isFile() === true && layer?.id === id ? layer : undefined;
}

function tooLong(length: number): AlcoveError<"no_capacity"> {
  const message = `The disk stands on ${length} layers already, and ${MAX_CHAIN} are the most: each fork of a fork, and each commit after another, adds one`;
  const details = { resource: "layers", needed: length + 1, available: MAX_CHAIN } as const;
  return new AlcoveError("no_capacity", message, details);
}
