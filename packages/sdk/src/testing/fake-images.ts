/** Images of a host for tests: a work is under way until it is cancelled. Only for tests. */

import type { Image, ImageList, ImageWork } from "@alcove/api";

import { isObject } from "../errors.ts";
import { type Call, fail, json } from "./fake-answer.ts";

const AT = "2026-01-02T03:04:05Z";

const BASE: Image = {
  id: "a".repeat(64),
  kind: "image",
  name: "base",
  named: true,
  built_at: AT,
  disk_bytes: 2 ** 20,
  kernel: { name: "debian-cloud", release: "6.1" },
  root_bytes: 2 ** 30,
  used_by: [],
};

export class FakeImages {
  readonly works: ImageWork[] = [];
  readonly images: Image[] = [BASE];

  answer(call: Call): void {
    const { request, response, at } = call;
    const [, , name, id] = at;
    if (request.method === "GET") return json(response, 200, this.#list());
    if (request.method === "POST") return this.#make(call);
    if (name === "works") return this.#cancel(call, id);
    const index = this.images.findIndex((image) => image.name === name);
    const [image] = index < 0 ? [] : this.images.splice(index, 1);
    if (!image) return fail(response, 404, "image_not_found", `The image ${name} does not exist`);
    json(response, 200, { id: image.id, name: image.name, freed_bytes: 2 ** 20 });
  }

  #list(): ImageList {
    const imports = { directory: "/import", disks: [{ file: "a.qcow2", bytes: 1 }] };
    const recipes = [{ name: "base", kind: "image", description: "Small" } as const];
    return { enabled: true, images: this.images, recipes, imports, works: this.works };
  }

  #make({ response, body }: Call): void {
    const order: unknown = JSON.parse(body.toString());
    if (!isObject(order)) return fail(response, 400, "invalid_request", "no order");
    const isBuild = typeof order["recipe"] === "string";
    const work: ImageWork = {
      id: `w${this.works.length}`,
      what: isBuild ? "build" : "import",
      name: String(isBuild ? order["recipe"] : order["name"]),
      state: "working",
      step: "download",
      fraction: 0.5,
      asked_at: AT,
    };
    this.works.push(work);
    json(response, 202, work);
  }

  #cancel({ response }: Call, id: string | undefined): void {
    const work = this.works.find((it) => it.id === id);
    if (!work) return fail(response, 404, "image_work_not_found", `There is no work ${id}`);
    work.state = "cancelled";
    json(response, 200, work);
  }
}
