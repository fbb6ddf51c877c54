/** Templates of memory that VMs come from, and the pools of machines made ahead of them. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import { AlcoveProtocolError } from "../errors.ts";
import type { NativeApi } from "../native.ts";
import type { Pool, Template, TemplateList, TemplateWork } from "../native-shapes.ts";
import { type CallOptions, signalOf } from "./call.ts";

export interface TemplateRequest {
  /** host group for whose VMs it is to be; absent: the only one */
  readonly group?: string;
  /** what is absent is the group's */
  readonly image?: string;
  readonly vcpus?: number;
  readonly memoryBytes?: number;
}

export class Templates {
  readonly #api: NativeApi;

  constructor(api: NativeApi) {
    this.#api = api;
  }

  /** Those that there are, and those that are being built. */
  async list(options: CallOptions = {}): Promise<CamelKeys<TemplateList>> {
    return camelKeys(await this.#api.templates(signalOf(options)));
  }

  /** Resolves when it is there, which takes as long as a boot; giving up the wait does not stop the building. */
  async build(
    request: TemplateRequest = {},
    options: CallOptions = {},
  ): Promise<CamelKeys<Template>> {
    const ordered = await this.#api.buildTemplate(orderOf(request), signalOf(options));
    if (ordered.isThere) return camelKeys(ordered.template);
    throw new AlcoveProtocolError("The host did not wait until the template is there");
  }

  /** Begins to build it. @returns the work, or the template where it was there already */
  async begin(
    request: TemplateRequest = {},
    options: CallOptions = {},
  ): Promise<CamelKeys<TemplateWork> | CamelKeys<Template>> {
    const order = { ...orderOf(request), wait: false };
    const ordered = await this.#api.buildTemplate(order, signalOf(options));
    return ordered.isThere ? camelKeys(ordered.template) : camelKeys(ordered.work);
  }

  /** VMs that came from it live on. @returns as it was */
  async remove(id: string, options: CallOptions = {}): Promise<CamelKeys<Template>> {
    return camelKeys(await this.#api.removeTemplate(id, signalOf(options)));
  }

  /** Machines made ahead, by host group. */
  async pools(options: CallOptions = {}): Promise<readonly CamelKeys<Pool>[]> {
    return camelKeys(await this.#api.pools(signalOf(options)));
  }
}

function orderOf({ memoryBytes, ...same }: TemplateRequest) {
  return memoryBytes === undefined ? same : { ...same, memory_bytes: memoryBytes };
}
