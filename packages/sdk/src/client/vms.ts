/** `client.vms`: creating, finding and ending VMs. */

import { AlcoveApiError } from "../api-error.ts";
import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { CreateOptions as WireCreateOptions, HostApi, ListFilter } from "../host-api.ts";
import type { DeletedVm, NetworkOverride, Vm as WireVm, VmSpec } from "../resources.ts";
import type { VmStats } from "../stats.ts";
import { type CallOptions, signalOf } from "./call.ts";
import type { Vm, VmFacts } from "./vm.ts";

/** What a new VM is to be; what is absent is its host group's. */
export interface VmRequest {
  readonly cpus?: number;
  readonly ramBytes?: number;
  /** script that runs once, as root, on first boot */
  readonly userdata?: string;
  readonly tags?: readonly string[];
  /** public keys */
  readonly sshKeys?: readonly string[];
  /** account whose public SSH keys are let in too */
  readonly importUser?: string;
  /** keep the disk when the VM stops */
  readonly persistent?: boolean;
  /** name or id of an image other than the group's */
  readonly diskImage?: string;
  /** names of the secrets it may see; absent: all, empty: none */
  readonly secrets?: readonly string[];
  /** of isolated host groups */
  readonly network?: NetworkOverride;
  /** wanted address */
  readonly ip?: string;
  readonly gpuCount?: number;
}

export interface CreateOptions extends CallOptions {
  /** return when the agent, or the first-boot script too, is done; default: at once */
  readonly wait?: "agent" | "userdata";
  /** how long before it is given up and deleted; default: the host's */
  readonly waitTimeoutSec?: number;
}

export interface VmFilter extends CallOptions {
  /** exactly this tag */
  readonly tag?: string;
  readonly tagPrefix?: string;
}

export class Vms<B extends Uint8Array, V extends Vm<B>> {
  readonly #api: HostApi<B>;
  readonly #handle: (facts: VmFacts) => V;

  constructor(api: HostApi<B>, handle: (facts: VmFacts) => V) {
    this.#api = api;
    this.#handle = handle;
  }

  /**
   * With `await using vm = await client.vms.create(…)` it is deleted at the end of the scope. An
   * abort ends the waiting, not the VM: a host keeps what it has begun.
   * @throws AlcoveApiError 408 when the time is over: the VM is deleted then
   */
  async create(group: string, request: VmRequest = {}, options: CreateOptions = {}): Promise<V> {
    const { wait, waitTimeoutSec } = options;
    const how: WireCreateOptions = {
      ...(wait === undefined ? {} : { wait }),
      ...(waitTimeoutSec === undefined ? {} : { timeoutMs: waitTimeoutSec * 1000 }),
    };
    const { ramBytes, cpus } = request;
    const created = await this.#api.createVm(group, specOf(request), how, signalOf(options));
    return this.#handle({
      ...(ramBytes === undefined ? {} : { ramBytes }),
      ...(cpus === undefined ? {} : { cpus }),
      tags: [...(request.tags ?? [])],
      ...camelKeys(created),
    });
  }

  /** All of the host's VMs, or those of a filter. */
  async list(filter: VmFilter & { readonly group?: string } = {}): Promise<readonly V[]> {
    const { signal: _, ...wanted } = filter;
    return await this.#list(wanted, signalOf(filter));
  }

  /** @param name its host name, or the friendly name that a tag `name=…` gives @returns `undefined` for none */
  async get(name: string, options: CallOptions = {}): Promise<V | undefined> {
    const all = await this.#list({}, signalOf(options));
    const friendly = `name=${name}`;
    return (
      all.find(({ hostname }) => hostname === name) ??
      all.find(({ tags }) => tags.includes(friendly))
    );
  }

  /** A handle without asking the host: the VM may or may not be there. */
  attach(hostgroup: string, hostname: string): V {
    return this.#handle({ hostgroup, hostname });
  }

  /** @throws AlcoveApiError 404 when there is none */
  async delete(hostname: string, options: CallOptions = {}): Promise<CamelKeys<DeletedVm>> {
    const vm = await this.get(hostname, options);
    if (vm) return await vm.delete(options);
    throw new AlcoveApiError(404, "vm_not_found", `There is no VM called ${hostname}`);
  }

  /** What all guests use. */
  async stats(options: CallOptions = {}): Promise<readonly CamelKeys<VmStats>[]> {
    return camelKeys(await this.#api.stats(signalOf(options)));
  }

  async #list(filter: ListFilter, signal: AbortSignal): Promise<readonly V[]> {
    const vms: readonly WireVm[] = await this.#api.listVms(filter, signal);
    return vms.map((vm) => this.#handle(camelKeys(vm)));
  }
}

function specOf(request: VmRequest): VmSpec {
  const { ramBytes, sshKeys, importUser, diskImage, gpuCount, ...same } = request;
  return {
    ...same,
    ...(ramBytes === undefined ? {} : { ram_bytes: ramBytes }),
    ...(sshKeys === undefined ? {} : { ssh_keys: sshKeys }),
    ...(importUser === undefined ? {} : { import_user: importUser }),
    ...(diskImage === undefined ? {} : { disk_image: diskImage }),
    ...(gpuCount === undefined ? {} : { gpu_count: gpuCount }),
  };
}

/** GiB in bytes, for `ramBytes`. */
export function GiB(count: number): number {
  return Math.round(count * 1024 ** 3);
}

/** MiB in bytes, for `ramBytes`. */
export function MiB(count: number): number {
  return Math.round(count * 1024 ** 2);
}
