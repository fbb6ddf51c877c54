/** Alcove's own API, where Slicer's has no words: templates, how VMs began, what they take of the host, and the host itself. */

import type {
  Template,
  Pool,
  TemplateList,
  TemplateOrder,
  TemplateWork,
  VmDetails,
  VmSummary,
} from "./native-shapes.ts";

import { askJson, jsonRequest } from "./answer-text.ts";
import { EventsApi } from "./event-stream.ts";
import { ImagesApi } from "./images.ts";
import { forkVm, type LiveForked, type LiveForkSpec } from "./live-fork.ts";
import { NativeHostApi } from "./native-host.ts";
import { urlPath } from "./query.ts";
import { asResource, asResources, type Resource, resource } from "./resource.ts";
import { SessionApi } from "./session.ts";
import type { Wire } from "./wire.ts";

const SHAPE = {
  image: "string",
  vcpus: "number",
  memory_bytes: "number",
  disk_bytes: "number",
  network: "string",
} as const;

const TEMPLATE: Resource<Template> = resource<Template>("template", {
  ...SHAPE,
  id: "string",
  image_id: "string",
  kernel: "string",
  state_bytes: "number",
  layer_bytes: "number",
  held_bytes: "number",
  built_at: "string",
  last_used_at: "string?",
  vms: "number",
});

const TEMPLATE_WORK: Resource<TemplateWork> = resource<TemplateWork>("template under way", {
  ...SHAPE,
  state: "string",
  since: "string",
});

const TEMPLATE_LIST: Resource<TemplateList> = resource<TemplateList>("list of templates", {
  enabled: "boolean",
  templates: "list?",
  under_way: "list?",
});

const POOL: Resource<Pool> = resource<Pool>("pool", {
  group: "string",
  size: "number",
  waiting: "number",
  making: "number",
  claimed: "number",
  misses: "number",
  memory_bytes: "number",
  problem: "string?",
});

const SUMMARY = {
  hostname: "string",
  id: "string",
  friendly_name: "string?",
  group: "string",
  kind: "string",
  phase: "string",
  since: "string",
  reason: "string?",
  ready: "boolean",
  ip: "string?",
  vcpus: "number",
  memory_bytes: "number",
  image: "string",
  tags: "strings",
  persistent: "boolean",
  created_at: "string",
  origin: "object",
  actions: "strings",
  memory: "object",
} as const;

const VM_SUMMARY: Resource<VmSummary> = resource<VmSummary>("account of a VM", SUMMARY);

const VM_DETAILS: Resource<VmDetails> = resource<VmDetails>("account of a VM", {
  ...SUMMARY,
  receipt: "object?",
  start: "object?",
  secrets: "strings",
  network: "object",
  disk_bytes: "number?",
  commit_id: "string?",
});

/** What came of an order: the template, or that it is under way. */
export type OrderedTemplate =
  | { readonly isThere: true; readonly template: Template }
  | { readonly isThere: false; readonly work: TemplateWork };

export class NativeApi {
  readonly events: EventsApi;
  readonly host: NativeHostApi;
  readonly images: ImagesApi;
  readonly session: SessionApi;
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.events = new EventsApi(wire);
    this.host = new NativeHostApi(wire);
    this.images = new ImagesApi(wire);
    this.session = new SessionApi(wire);
    this.#wire = wire;
  }

  async templates(signal: AbortSignal): Promise<TemplateList> {
    const list = asResource(await this.#get("/v1/templates", signal), TEMPLATE_LIST);
    asResources(list.templates, TEMPLATE);
    asResources(list.under_way, TEMPLATE_WORK);
    return list;
  }

  async pools(signal: AbortSignal): Promise<readonly Pool[]> {
    return asResources(await this.#get("/v1/pools", signal), POOL);
  }

  /** Waits until it is there, unless the order says otherwise; it is built anyway. */
  async buildTemplate(order: TemplateOrder, signal: AbortSignal): Promise<OrderedTemplate> {
    const request = jsonRequest("POST", "/v1/templates", order);
    const answer = await askJson(this.#wire, request, signal);
    if (TEMPLATE_WORK.matches(answer)) return { isThere: false, work: answer };
    return { isThere: true, template: asResource(answer, TEMPLATE) };
  }

  /** VMs that came from it live on. @returns as it was */
  async removeTemplate(id: string, signal: AbortSignal): Promise<Template> {
    const request = { method: "DELETE", path: urlPath`/v1/templates/${id}` } as const;
    return asResource(await askJson(this.#wire, request, signal), TEMPLATE);
  }

  /** Of all VMs; the host looks at what each one takes, unless `memory` is `none`. */
  async vms(memory: "all" | "none", signal: AbortSignal): Promise<readonly VmSummary[]> {
    const request = { method: "GET", path: "/v1/vms", query: { memory } } as const;
    return asResources(await askJson(this.#wire, request, signal), VM_SUMMARY);
  }

  async vm(hostname: string, signal: AbortSignal): Promise<VmDetails> {
    return asResource(await this.#get(urlPath`/v1/vms/${hostname}`, signal), VM_DETAILS);
  }

  /** Children with memory and disk of a VM that runs, each somebody of its own. */
  async forkVm(hostname: string, spec: LiveForkSpec, signal: AbortSignal): Promise<LiveForked> {
    return await forkVm(this.#wire, hostname, spec, signal);
  }

  async #get(path: string, signal: AbortSignal): Promise<unknown> {
    return await askJson(this.#wire, { method: "GET", path }, signal);
  }
}
