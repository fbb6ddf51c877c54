/** What a host keeps for its VMs and never shows again: names and metadata come back, content does not. */

import { ask, askJson, jsonRequest } from "./answer-text.ts";
import { AlcoveApiError, SecretExistsError } from "./api-error.ts";
import { urlPath } from "./query.ts";
import { type Resource, asResources, resource } from "./resource.ts";
import type { Wire } from "./wire.ts";

export interface Secret {
  readonly name: string;
  /** of the content, in bytes */
  readonly size: number;
  /** octal, such as `0600` */
  readonly permissions: string;
  readonly uid: number;
  readonly gid: number;
  /** RFC 3339 */
  readonly modified_at: string;
}

/** How the secret's file looks in guests; what is absent is root's and `0600`, or stays as it is. */
export interface SecretOwnership {
  /** octal, such as `0600` */
  readonly permissions?: string;
  readonly uid?: number;
  readonly gid?: number;
}

const SECRET: Resource<Secret> = resource<Secret>("secret", {
  name: "string",
  size: "number",
  permissions: "string",
  uid: "number",
  gid: "number",
  modified_at: "string",
});

export class SecretsApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  async list(signal: AbortSignal): Promise<readonly Secret[]> {
    const answer = await askJson(this.#wire, { method: "GET", path: "/secrets" }, signal);
    return asResources(answer, SECRET);
  }

  /** @throws SecretExistsError when there is one of that name */
  async create(
    name: string,
    content: Uint8Array,
    ownership: SecretOwnership,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { name, data: this.#wire.codec.toBase64(content), ...ownership };
    try {
      await ask(this.#wire, jsonRequest("POST", "/secrets", body), signal);
    } catch (error) {
      if (error instanceof AlcoveApiError && error.status === 409) {
        throw new SecretExistsError(name, error);
      }
      throw error;
    }
  }

  /** @param content `undefined` leaves it as it is; an empty one cannot be stored by a change */
  async update(
    name: string,
    content: Uint8Array | undefined,
    ownership: SecretOwnership,
    signal: AbortSignal,
  ): Promise<void> {
    const data = content === undefined ? {} : { data: this.#wire.codec.toBase64(content) };
    const request = jsonRequest("PATCH", urlPath`/secrets/${name}`, { ...data, ...ownership });
    await ask(this.#wire, request, signal);
  }

  async delete(name: string, signal: AbortSignal): Promise<void> {
    await ask(this.#wire, { method: "DELETE", path: urlPath`/secrets/${name}` }, signal);
  }
}
