/** Alcove's own API of a host for tests: its templates are built at once. Only for tests. */

import type { Template, VmDetails } from "@alcove/api";

import { isObject } from "../errors.ts";
import { type Call, fail, json } from "./fake-answer.ts";
import { FakeImages } from "./fake-images.ts";

const SHAPE = {
  image: "base",
  memory_bytes: 2 ** 30,
  disk_bytes: 2 ** 30,
  network: "user",
} as const;

const SIGNED_OUT = { sign_in: "needed", signed_in: false };
const SIGN_IN_CODE = {
  code: "once-only",
  expires_at: "2026-01-02T03:04:05Z",
  console_url: "http://127.0.0.1:8080/ui/",
};

export class FakeNative {
  /** by id */
  readonly templates: Map<string, Template> = new Map();
  readonly images: FakeImages = new FakeImages();
  /** by host name; others are 404, as are all on a host of another kind */
  readonly vms: Map<string, VmDetails> = new Map();
  /** what it says of itself, by path */
  readonly told: Map<string, unknown> = new Map();

  answer(call: Call): void {
    const [, noun, name] = call.at;
    const told = this.told.get(call.url.pathname);
    if (told !== undefined) return json(call.response, 200, told);
    if (noun === "templates") return this.#templateCall(call, name);
    if (noun === "images") return this.images.answer(call);
    if (noun === "session") return this.#sessionCall(call, name);
    const { response } = call;
    if (noun !== "vms" || this.vms.size === 0)
      return fail(response, 404, "route_not_found", "No such route");
    if (name === undefined) return json(response, 200, [...this.vms.values()]);
    const vm = this.vms.get(name);
    if (vm) json(response, 200, vm);
    else fail(response, 404, "vm_not_found", `There is no VM ${name}`);
  }

  #templateCall({ request, response, body }: Call, id: string | undefined): void {
    if (request.method === "GET") {
      const templates = [...this.templates.values()];
      return json(response, 200, { enabled: true, templates, under_way: [] });
    }
    if (request.method === "POST") return this.#build(response, JSON.parse(body.toString()));
    const template = this.templates.get(id ?? "");
    if (!template) return fail(response, 404, "template_not_found", `There is no template "${id}"`);
    this.templates.delete(template.id);
    json(response, 200, template);
  }

  /** Its token is `right`, and nobody is remembered. */
  #sessionCall({ request, response, body }: Call, noun: string | undefined): void {
    if (noun !== undefined) return json(response, 201, SIGN_IN_CODE);
    if (request.method === "DELETE") return void response.writeHead(204).end();
    if (request.method === "GET") return json(response, 200, SIGNED_OUT);
    const given: unknown = JSON.parse(body.toString());
    const isRight = isObject(given) && given["token"] === "right";
    if (!isRight) return fail(response, 401, "unauthenticated", "The token is not this daemon's");
    json(response, 200, { ...SIGNED_OUT, signed_in: true, expires_at: "2026-01-02T15:04:05Z" });
  }

  #build(response: Call["response"], order: unknown): void {
    const vcpus = isObject(order) && typeof order["vcpus"] === "number" ? order["vcpus"] : 2;
    if (isObject(order) && order["wait"] === false) {
      const since = "2026-01-02T03:04:05Z";
      return json(response, 202, { ...SHAPE, vcpus, state: "building", since });
    }
    const template = {
      ...SHAPE,
      vcpus,
      id: `00000000000000${vcpus}0`,
      image_id: "a".repeat(64),
      kernel: "debian-cloud",
      state_bytes: 100 * 2 ** 20,
      layer_bytes: 2 ** 20,
      held_bytes: 0,
      built_at: "2026-01-02T03:04:05Z",
      vms: 0,
    };
    this.templates.set(template.id, template);
    json(response, 201, template);
  }
}
