/** Images and kernels of the host that VMs are made of. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { ImageList, ImageWork, RemovedImage } from "../image-shapes.ts";
import type { ImagesApi } from "../images.ts";
import { type CallOptions, signalOf } from "./call.ts";

export interface ImageBuildOptions extends CallOptions {
  /** download packages again, and build although nothing seems to have changed */
  readonly fresh?: boolean;
}

export interface ImageImport {
  /** what the image is to be called */
  readonly name: string;
  /** a file of the host's directory of disks to import, by its name alone */
  readonly file: string;
  /** the kernel it boots with; default: the one that images are built with */
  readonly kernel?: string;
  /** the device that is its root, such as `/dev/vda1`, for a disk with partitions */
  readonly root?: string;
}

export class Images {
  readonly #api: ImagesApi;

  constructor(api: ImagesApi) {
    this.#api = api;
  }

  /** What there is, what can be made, and what is being made. */
  async list(options: CallOptions = {}): Promise<CamelKeys<ImageList>> {
    return camelKeys(await this.#api.list(signalOf(options)));
  }

  /** Builds what there is a recipe for, in the background; `list` says how far it is. */
  async build(recipe: string, options: ImageBuildOptions = {}): Promise<CamelKeys<ImageWork>> {
    const { fresh = false } = options;
    const order = fresh ? { recipe, fresh } : { recipe };
    return camelKeys(await this.#api.make(order, signalOf(options)));
  }

  /** Makes an image of a disk on the host, in the background. */
  async import(order: ImageImport, options: CallOptions = {}): Promise<CamelKeys<ImageWork>> {
    return camelKeys(await this.#api.make(order, signalOf(options)));
  }

  /** Calls off a work that is under way or waits; forgets one that has ended. */
  async cancel(work: string, options: CallOptions = {}): Promise<CamelKeys<ImageWork>> {
    return camelKeys(await this.#api.cancel(work, signalOf(options)));
  }

  /** @throws AlcoveApiError 409 while somebody needs it, or the image store is in use */
  async remove(reference: string, options: CallOptions = {}): Promise<CamelKeys<RemovedImage>> {
    return camelKeys(await this.#api.remove(reference, signalOf(options)));
  }
}
