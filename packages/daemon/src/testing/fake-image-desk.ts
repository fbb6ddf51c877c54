/** Images of a fake host: kept in memory, and made at once, but for an import, which goes on until it is called off. */

import { setTimeout as delay } from "node:timers/promises";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import type { Commits } from "#core/commit/commits.ts";
import { ImageWorks } from "#core/image/image-works.ts";
import { Images } from "#core/image/images.ts";
import { type ImageManifest, manifestOf, MANIFEST_SCHEMA } from "#core/image/manifest.ts";
import type { ReportProgress } from "#core/image/progress.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { ImageBuilder, MadeImage, MakingOrder } from "#core/ports/image-builder.ts";
import type { ImageStore, InUse, RemovedImage, StoredImage } from "#core/ports/image-store.ts";
import type { Vms } from "#core/vm/vms.ts";
import { fakeImages } from "#drivers/fake/fake-images.ts";
import { MIB } from "#lib/bytes.ts";

import type { FakeHost } from "./fake-host.ts";

const BLOB = { digest: "a".repeat(64), sizeBytes: MIB };

export function anImage(name: string): ImageManifest {
  const kernel = { name: "debian-cloud", release: "6.1", args: [], source: "linux=1" };
  return manifestOf(
    {
      schema: MANIFEST_SCHEMA,
      kind: "image",
      name,
      kernel: { ...kernel, vmlinux: BLOB, initramfs: null },
      preferredKernels: [],
      rootfs: { blob: BLOB, format: "raw", filesystem: "ext4", virtualSizeBytes: 4 * MIB },
      args: [],
      init: "alcove",
      agentVersion: "1.2.3",
      defaultUser: "alcove",
      packages: ["bash=5"],
    },
    new Date(0),
  );
}

class MemoryImages implements ImageStore {
  readonly byName = new Map(["base", "spare"].map((name) => [name, anImage(name)]));
  readonly resolve: ImageStore["resolve"] = (name, signal) => fakeImages.resolve(name, signal);

  async list(): Promise<readonly StoredImage[]> {
    return [...this.byName.values()].map((manifest) => this.#stored(manifest));
  }

  async remove(name: string, inUse: InUse): Promise<RemovedImage> {
    const manifest = this.byName.get(name);
    if (!manifest)
      throw new AlcoveError("image_not_found", `The image ${name} does not exist`, { image: name });
    const [user] = await inUse(this.#stored(manifest));
    if (user !== undefined)
      throw new AlcoveError("image_in_use", `${name} is in use by ${user}`, { image: name });
    this.byName.delete(name);
    return { id: manifest.id, name, freedBytes: MIB };
  }

  #stored(manifest: ImageManifest): StoredImage {
    return { manifest, named: true, blobPaths: [], allocatedBytes: MIB };
  }
}

class MemoryBuilder implements ImageBuilder {
  readonly importDirectory = "/var/lib/alcove/import";
  readonly #images: MemoryImages;

  constructor(images: MemoryImages) {
    this.#images = images;
  }

  async recipes() {
    return [{ name: "systemd", kind: "image", description: "Full Debian" } as const];
  }

  async brought() {
    return [{ file: "disk.qcow2", sizeBytes: MIB }];
  }

  async check({ what, name }: MakingOrder): Promise<void> {
    if (what === "build" && name !== "systemd") throw invalidRequest("recipe", `no ${name}`);
  }

  async make({ what, name }: MakingOrder, report: ReportProgress, signal: AbortSignal) {
    report({ step: "make the disk", detail: "half of it", fraction: 0.5 });
    if (what === "import") await delay(60_000, undefined, { signal });
    const manifest = anImage(name);
    this.#images.byName.set(name, manifest);
    return { manifest, outcome: "built" } satisfies MadeImage;
  }
}

export interface FakeImageDesk extends AsyncDisposable {
  readonly imageDesk: Images;
}

/** Of a host that was opened. */
export function fakeImageDesk(host: FakeHost, vms: Vms, commits: Commits): FakeImageDesk {
  const { groups, events, log, usedTemplates: templates } = host;
  const store = new MemoryImages();
  const builder = new MemoryBuilder(store);
  const works = new ImageWorks({ builder, events, clock: systemClock, log });
  const making = { builder, works, disksOn: () => [] };
  const imageDesk = new Images({ store, vms, groups, templates, commits, events, making });
  return { imageDesk, [Symbol.asyncDispose]: () => works[Symbol.asyncDispose]() };
}
