/** `client.secrets`: what a host keeps for its VMs and never shows again. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { Secret, SecretOwnership, SecretsApi } from "../secrets.ts";
import { type CallOptions, signalOf } from "./call.ts";

/** Content as it is: a text is stored as UTF-8. */
export type SecretContent = string | Uint8Array;

export interface SecretRequest extends SecretOwnership {
  readonly name: string;
  readonly data: SecretContent;
}

export interface SecretChange extends SecretOwnership {
  /** absent: stays. An empty one stays, too: the API cannot say it */
  readonly data?: SecretContent;
}

export class Secrets {
  readonly #api: SecretsApi;

  constructor(api: SecretsApi) {
    this.#api = api;
  }

  /** Names, sizes and owners; never the content. */
  async list(options: CallOptions = {}): Promise<readonly CamelKeys<Secret>[]> {
    return camelKeys(await this.#api.list(signalOf(options)));
  }

  /** @throws SecretExistsError when there is one of that name */
  async create(request: SecretRequest, options: CallOptions = {}): Promise<void> {
    const { name, data, ...ownership } = request;
    await this.#api.create(name, bytesOf(data), ownership, signalOf(options));
  }

  /** What is absent stays. VMs that run see the change when they synchronise. */
  async update(name: string, change: SecretChange, options: CallOptions = {}): Promise<void> {
    const { data, ...ownership } = change;
    const content = data === undefined ? undefined : bytesOf(data);
    await this.#api.update(name, content, ownership, signalOf(options));
  }

  /** The same as `update`. */
  async patch(name: string, change: SecretChange, options: CallOptions = {}): Promise<void> {
    await this.update(name, change, options);
  }

  async delete(name: string, options: CallOptions = {}): Promise<void> {
    await this.#api.delete(name, signalOf(options));
  }
}

function bytesOf(content: SecretContent): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
