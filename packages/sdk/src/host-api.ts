/**
 * A host's API as it is: one method per endpoint, the API's own words, each with the signal that
 * cancels it. The client that users see is made of it. It holds no state but idle connections.
 */

import { ask, askJson, drain, jsonRequest } from "./answer-text.ts";
import { BackgroundApi } from "./background.ts";
import { CommitsApi } from "./commits.ts";
import {
  type CopyInOptions,
  type CopyOut,
  type CopyOutOptions,
  copyInHeaders,
  copyInQuery,
  copyOutOf,
  copyOutQuery,
} from "./copy.ts";
import { type ExecSpec, Execution } from "./exec.ts";
import { GuestFilesApi } from "./guest-files.ts";
import { NativeApi } from "./native.ts";
import { PowerApi } from "./power.ts";
import { type Query, queryText, urlPath } from "./query.ts";
import { type Resource, asResource, asResources } from "./resource.ts";
import * as kinds from "./resources.ts";
import type {
  CreatedVm,
  DeletedVm,
  HostGroup,
  HostInfo,
  TagChange,
  Vm,
  VmHealth,
  VmLogs,
  VmSpec,
  VmTags,
} from "./resources.ts";
import { SecretsApi } from "./secrets.ts";
import { ShellSession, type TerminalSize } from "./shell.ts";
import { VM_STATS, type VmStats } from "./stats.ts";
import { VM_DESCRIPTION, type VmDescription } from "./vm-description.ts";
import type { Content, Wire } from "./wire.ts";

export interface CreateOptions {
  /** answer only when the agent, or the first-boot script too, is done; default: at once */
  readonly wait?: "agent" | "userdata";
  /** how long to wait before the VM is given up and deleted; default: the host's */
  readonly timeoutMs?: number;
}

export interface ListFilter {
  /** only VMs of this host group, which must exist */
  readonly group?: string;
  /** exactly this tag */
  readonly tag?: string;
  readonly tagPrefix?: string;
}

export interface ShellOptions {
  readonly uid?: number;
  readonly gid?: number;
  readonly shell?: string;
  readonly cwd?: string;
  /** default 80 by 24 */
  readonly size?: TerminalSize;
}

export class HostApi<B extends Uint8Array = Uint8Array> implements Disposable {
  readonly secrets: SecretsApi;
  readonly commits: CommitsApi;
  readonly background: BackgroundApi<B>;
  readonly files: GuestFilesApi;
  readonly power: PowerApi;
  /** what is below `/v1` */
  readonly native: NativeApi;
  readonly #wire: Wire<B>;

  constructor(wire: Wire<B>) {
    this.#wire = wire;
    this.secrets = new SecretsApi(wire);
    this.commits = new CommitsApi(wire);
    this.background = new BackgroundApi(wire);
    this.files = new GuestFilesApi(wire);
    this.power = new PowerApi(wire);
    this.native = new NativeApi(wire);
  }

  get wire(): Wire<B> {
    return this.#wire;
  }

  /** address or socket path, as a person would type it */
  get endpoint(): string {
    return this.#wire.endpoint;
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]();
  }

  async info(signal: AbortSignal): Promise<HostInfo> {
    return asResource(await this.#get("/info", {}, signal), kinds.HOST_INFO);
  }

  /** The OpenAPI document of all that is served. */
  async openApi(signal: AbortSignal): Promise<unknown> {
    return await this.#get("/openapi.json", {}, signal);
  }

  async healthz(signal: AbortSignal): Promise<void> {
    await this.#get("/healthz", {}, signal);
  }

  /** Begins the daemon's orderly end; what becomes of its VMs is the daemon's setting. */
  async shutdownDaemon(signal: AbortSignal): Promise<void> {
    await ask(this.#wire, { method: "POST", path: "/daemon/shutdown" }, signal);
  }

  async hostGroups(signal: AbortSignal): Promise<readonly HostGroup[]> {
    return asResources(await this.#get("/hostgroup", {}, signal), kinds.HOST_GROUP);
  }

  async listVms(filter: ListFilter, signal: AbortSignal): Promise<readonly Vm[]> {
    const query = { tag: filter.tag, tag_prefix: filter.tagPrefix };
    const { group } = filter;
    const path = group === undefined ? "/nodes" : urlPath`/hostgroup/${group}/nodes`;
    return asResources(await this.#get(path, query, signal), kinds.VM);
  }

  /** Abort stops the waiting, not the VM: the host keeps what it has begun. */
  async createVm(
    group: string,
    spec: VmSpec,
    { wait, timeoutMs }: CreateOptions,
    signal: AbortSignal,
  ): Promise<CreatedVm> {
    const query = { wait, timeout: timeoutMs === undefined ? undefined : `${timeoutMs}ms` };
    const request = jsonRequest("POST", urlPath`/hostgroup/${group}/nodes`, spec);
    return await this.#resource({ ...request, query }, kinds.CREATED_VM, signal);
  }

  /** Stops the VM at once and removes its disk. */
  async deleteVm(group: string, hostname: string, signal: AbortSignal): Promise<DeletedVm> {
    const path = urlPath`/hostgroup/${group}/nodes/${hostname}`;
    return await this.#resource({ method: "DELETE", path }, kinds.DELETED_VM, signal);
  }

  async describeVm(hostname: string, signal: AbortSignal): Promise<VmDescription> {
    return asResource(await this.#get(urlPath`/vm/${hostname}`, {}, signal), VM_DESCRIPTION);
  }

  /** @throws AlcoveApiError while the agent does not answer */
  async vmHealth(hostname: string, signal: AbortSignal): Promise<VmHealth> {
    return asResource(
      await this.#get(urlPath`/vm/${hostname}/health`, {}, signal),
      kinds.VM_HEALTH,
    );
  }

  /** What all guests use. A guest that does not answer within a second has no snapshot. */
  async stats(signal: AbortSignal): Promise<readonly VmStats[]> {
    return asResources(await this.#get("/nodes/stats", {}, signal), VM_STATS);
  }

  async vmStats(hostname: string, signal: AbortSignal): Promise<VmStats> {
    return asResource(await this.#get(urlPath`/node/${hostname}/stats`, {}, signal), VM_STATS);
  }

  async tags(hostname: string, signal: AbortSignal): Promise<VmTags> {
    return asResource(await this.#get(urlPath`/vm/${hostname}/tags`, {}, signal), kinds.VM_TAGS);
  }

  /** All of the change or nothing. @returns the tags afterwards */
  async changeTags(hostname: string, change: TagChange, signal: AbortSignal): Promise<VmTags> {
    const request = jsonRequest("PATCH", urlPath`/vm/${hostname}/tags`, change);
    return await this.#resource(request, kinds.VM_TAGS, signal);
  }

  /** Nothing is sent until the result is awaited or iterated. */
  exec(hostname: string, spec: ExecSpec, signal: AbortSignal): Execution<B> {
    return new Execution(this.#wire, urlPath`/vm/${hostname}/exec`, spec, signal);
  }

  /** @param content consumed as fast as the guest takes it; ended when the copy fails */
  async copyIn(
    hostname: string,
    options: CopyInOptions,
    content: Content,
    signal: AbortSignal,
  ): Promise<void> {
    const path = urlPath`/vm/${hostname}/cp`;
    const [query, headers] = [copyInQuery(options), copyInHeaders(options)];
    const request = { method: "POST", path, query, headers, body: content } as const;
    await drain((await this.#wire.open(request, signal)).chunks());
  }

  async copyOut(
    hostname: string,
    options: CopyOutOptions,
    signal: AbortSignal,
  ): Promise<CopyOut<B>> {
    const path = urlPath`/vm/${hostname}/cp`;
    const request = { method: "GET", path, query: copyOutQuery(options) } as const;
    return copyOutOf(await this.#wire.open(request, signal), this.#wire.codec);
  }

  /** @param lines how many of the last lines; 0 is all, `undefined` the host's choice */
  async logs(hostname: string, lines: number | undefined, signal: AbortSignal): Promise<VmLogs> {
    const path = urlPath`/vm/${hostname}/logs`;
    return asResource(await this.#get(path, { lines }, signal), kinds.VM_LOGS);
  }

  /** What the VM writes on its serial console from now on; ends when the VM is deleted. */
  async *console(hostname: string, signal: AbortSignal): AsyncGenerator<B> {
    const path = urlPath`/v1/vms/${hostname}/console`;
    yield* (await this.#wire.open({ method: "GET", path }, signal)).chunks();
  }

  async shell(
    hostname: string,
    options: ShellOptions,
    signal: AbortSignal,
  ): Promise<ShellSession<B>> {
    const { size, ...query } = options;
    const path = urlPath`/vm/${hostname}/shell` + queryText(query);
    return await ShellSession.open(this.#wire, path, size, signal);
  }

  #get(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    return askJson(this.#wire, { method: "GET", path, query }, signal);
  }

  async #resource<T>(
    request: Parameters<typeof askJson>[1],
    kind: Resource<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return asResource(await askJson(this.#wire, request, signal), kind);
  }
}
