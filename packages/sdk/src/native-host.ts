/** The host itself in Alcove's own API: what it has, its groups, and what was used over the last hour. */

import { askJson } from "./answer-text.ts";
import type { Group, HostMeters, HostState, VmMeters } from "./native-host-shapes.ts";
import { type Query, urlPath } from "./query.ts";
import { asResource, asResources, type Resource, resource } from "./resource.ts";
import type { Wire } from "./wire.ts";

const HOST_STATE: Resource<HostState> = resource<HostState>("state of a host", {
  version: "string",
  hostname: "string",
  hypervisor: "string",
  hypervisor_version: "string?",
  isolation: "string",
  accelerator: "string",
  accelerator_reason: "string",
  kernel: "string",
  cpu_model: "string",
  node: "string",
  started_at: "string",
  vms: "number",
  cpus: "object",
  memory: "object",
  disk: "object",
  templates: "object",
  pools: "object",
  aleph: "object",
  warnings: "list?",
});

const GROUP: Resource<Group> = resource<Group>("host group", {
  name: "string",
  count: "number",
  vcpus: "number",
  memory_bytes: "number",
  disk_bytes: "number?",
  image: "string",
  network: "string",
  ssh_keys: "number",
  pool: "number",
  use: "object",
  limits: "object",
});

const METERS = { interval_ms: "number", samples: "object" } as const;
const HOST_METERS: Resource<HostMeters> = resource<HostMeters>("list of samples", METERS);
const VM_METERS: Resource<VmMeters> = resource<VmMeters>("list of samples", METERS);

export class NativeHostApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  async state(signal: AbortSignal): Promise<HostState> {
    return asResource(await this.#get("/v1/host", {}, signal), HOST_STATE);
  }

  async groups(signal: AbortSignal): Promise<readonly Group[]> {
    return asResources(await this.#get("/v1/groups", {}, signal), GROUP);
  }

  /** @param after ms since the epoch; `undefined`: all there are */
  async meters(after: number | undefined, signal: AbortSignal): Promise<HostMeters> {
    return asResource(await this.#get("/v1/host/meters", { after }, signal), HOST_METERS);
  }

  /** @param after as above */
  async vmMeters(
    hostname: string,
    after: number | undefined,
    signal: AbortSignal,
  ): Promise<VmMeters> {
    const path = urlPath`/v1/vms/${hostname}/meters`;
    return asResource(await this.#get(path, { after }, signal), VM_METERS);
  }

  async #get(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    return await askJson(this.#wire, { method: "GET", path, query }, signal);
  }
}
