/** Images of a host, and the making of them. */

import { askJson, jsonRequest } from "./answer-text.ts";
import type { Image, ImageList, ImageOrder, ImageWork, RemovedImage } from "./image-shapes.ts";
import { urlPath } from "./query.ts";
import { asResource, asResources, type Resource, resource } from "./resource.ts";
import type { Wire } from "./wire.ts";

const IMAGE: Resource<Image> = resource<Image>("image", {
  id: "string",
  kind: "string",
  name: "string",
  named: "boolean",
  built_at: "string",
  disk_bytes: "number",
  kernel: "object",
  init: "string?",
  agent_version: "string?",
  default_user: "string?",
  root_bytes: "number?",
  packages: "number?",
  used_by: "strings",
});

const IMAGE_WORK: Resource<ImageWork> = resource<ImageWork>("work on an image", {
  id: "string",
  what: "string",
  name: "string",
  state: "string",
  step: "string?",
  detail: "string?",
  fraction: "number?",
  asked_at: "string",
  begun_at: "string?",
  ended_at: "string?",
  image: "string?",
  outcome: "string?",
  error: "object?",
});

const IMAGE_LIST: Resource<ImageList> = resource<ImageList>("list of images", {
  enabled: "boolean",
  images: "list?",
  recipes: "list?",
  imports: "object",
  works: "list?",
});

const REMOVED_IMAGE: Resource<RemovedImage> = resource<RemovedImage>("removed image", {
  id: "string",
  name: "string",
  freed_bytes: "number",
});

export class ImagesApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  async list(signal: AbortSignal): Promise<ImageList> {
    const answer = await askJson(this.#wire, { method: "GET", path: "/v1/images" }, signal);
    const list = asResource(answer, IMAGE_LIST);
    asResources(list.images, IMAGE);
    asResources(list.works, IMAGE_WORK);
    return list;
  }

  /** It goes on in the background: the list says how far it is. */
  async make(order: ImageOrder, signal: AbortSignal): Promise<ImageWork> {
    const request = jsonRequest("POST", "/v1/images", order);
    return asResource(await askJson(this.#wire, request, signal), IMAGE_WORK);
  }

  async cancel(work: string, signal: AbortSignal): Promise<ImageWork> {
    const request = { method: "DELETE", path: urlPath`/v1/images/works/${work}` } as const;
    return asResource(await askJson(this.#wire, request, signal), IMAGE_WORK);
  }

  async remove(reference: string, signal: AbortSignal): Promise<RemovedImage> {
    const request = { method: "DELETE", path: urlPath`/v1/images/${reference}` } as const;
    return asResource(await askJson(this.#wire, request, signal), REMOVED_IMAGE);
  }
}
