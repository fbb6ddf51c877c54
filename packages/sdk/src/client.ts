/**
 * A host's API as methods: one per endpoint, each with the signal that cancels it. It holds no state
 * but idle connections.
 */

import type { Readable } from "node:stream";

import {
  type CopyInOptions,
  type CopyOut,
  type CopyOutOptions,
  copyInHeaders,
  copyInQuery,
  copyOutOf,
  copyOutQuery,
  drain,
} from "./copy.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { type ExecSpec, Execution } from "./exec.ts";
import { queryText, urlPath } from "./query.ts";
import {
  CREATED_VM,
  type CreatedVm,
  DELETED_VM,
  type DeletedVm,
  HOST_GROUP,
  HOST_INFO,
  type HostGroup,
  type HostInfo,
  type TagChange,
  VM,
  VM_HEALTH,
  VM_LOGS,
  VM_TAGS,
  type Vm,
  type VmHealth,
  type VmLogs,
  type VmSpec,
  type VmTags,
  asResource,
  asResources,
} from "./resources.ts";
import { ShellSession, type TerminalSize } from "./shell.ts";
import { VM_STATS, type VmStats } from "./stats.ts";
import { Transport } from "./transport.ts";

export interface ClientOptions {
  /** URL, or path of a Unix socket */
  readonly url: string;
  readonly token?: string;
  readonly userAgent?: string;
}

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

export class AlcoveClient implements Disposable {
  readonly #transport: Transport;

  /** @throws AlcoveInputError for a URL that is none */
  constructor({ url, token, userAgent = "alcove-sdk/0.1.0" }: ClientOptions) {
    this.#transport = new Transport({ endpoint: parseEndpoint(url), token, userAgent });
  }

  get endpoint(): Endpoint {
    return this.#transport.endpoint;
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  async info(signal: AbortSignal): Promise<HostInfo> {
    return asResource(await this.#get("/info", signal), HOST_INFO);
  }

  async healthz(signal: AbortSignal): Promise<void> {
    await this.#get("/healthz", signal);
  }

  /** Begins the daemon's orderly end; what becomes of its VMs is the daemon's setting. */
  async shutdownDaemon(signal: AbortSignal): Promise<void> {
    await this.#post("/daemon/shutdown", signal);
  }

  async hostGroups(signal: AbortSignal): Promise<readonly HostGroup[]> {
    return asResources(await this.#get("/hostgroup", signal), HOST_GROUP);
  }

  async listVms(filter: ListFilter, signal: AbortSignal): Promise<readonly Vm[]> {
    const query = queryText({ tag: filter.tag, tag_prefix: filter.tagPrefix });
    const { group } = filter;
    const path = group === undefined ? "/nodes" : urlPath`/hostgroup/${group}/nodes`;
    return asResources(await this.#get(`${path}${query}`, signal), VM);
  }

  /** Abort stops the waiting, not the VM: the host keeps what it has begun. */
  async createVm(
    group: string,
    spec: VmSpec,
    { wait, timeoutMs }: CreateOptions,
    signal: AbortSignal,
  ): Promise<CreatedVm> {
    const answer = await this.#transport.json(
      {
        method: "POST",
        path: urlPath`/hostgroup/${group}/nodes`,
        query: { wait, timeout: timeoutMs === undefined ? undefined : `${timeoutMs}ms` },
        headers: { "content-type": "application/json" },
        body: JSON.stringify(spec),
      },
      signal,
    );
    return asResource(answer, CREATED_VM);
  }

  /** Stops the VM at once and removes its disk. */
  async deleteVm(group: string, hostname: string, signal: AbortSignal): Promise<DeletedVm> {
    const path = urlPath`/hostgroup/${group}/nodes/${hostname}`;
    const answer = await this.#transport.json({ method: "DELETE", path }, signal);
    return asResource(answer, DELETED_VM);
  }

  /** @throws AlcoveApiError while the agent does not answer */
  async vmHealth(hostname: string, signal: AbortSignal): Promise<VmHealth> {
    return asResource(await this.#get(urlPath`/vm/${hostname}/health`, signal), VM_HEALTH);
  }

  /** What all guests use. A guest that does not answer within a second has no snapshot. */
  async stats(signal: AbortSignal): Promise<readonly VmStats[]> {
    return asResources(await this.#get("/nodes/stats", signal), VM_STATS);
  }

  async vmStats(hostname: string, signal: AbortSignal): Promise<VmStats> {
    return asResource(await this.#get(urlPath`/node/${hostname}/stats`, signal), VM_STATS);
  }

  async tags(hostname: string, signal: AbortSignal): Promise<VmTags> {
    return asResource(await this.#get(urlPath`/vm/${hostname}/tags`, signal), VM_TAGS);
  }

  /** All of the change or nothing. @returns the tags afterwards */
  async changeTags(hostname: string, change: TagChange, signal: AbortSignal): Promise<VmTags> {
    const answer = await this.#transport.json(
      {
        method: "PATCH",
        path: urlPath`/vm/${hostname}/tags`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(change),
      },
      signal,
    );
    return asResource(answer, VM_TAGS);
  }

  /** Boots a persistent VM that has stopped; answers as a create does. */
  async relaunch(hostname: string, signal: AbortSignal): Promise<CreatedVm> {
    return asResource(await this.#post(urlPath`/vm/${hostname}/relaunch`, signal), CREATED_VM);
  }

  /** Nothing is sent until the result is awaited or iterated. */
  exec(hostname: string, spec: ExecSpec, signal: AbortSignal): Execution {
    return new Execution(this.#transport, urlPath`/vm/${hostname}/exec`, spec, signal);
  }

  /** @param content consumed as fast as the guest takes it; destroyed when the copy fails */
  async copyIn(
    hostname: string,
    options: CopyInOptions,
    content: Readable,
    signal: AbortSignal,
  ): Promise<void> {
    const exchange = await this.#transport.open(
      {
        method: "POST",
        path: urlPath`/vm/${hostname}/cp`,
        query: copyInQuery(options),
        headers: copyInHeaders(options),
        body: content,
      },
      signal,
    );
    await drain(exchange.chunks());
  }

  async copyOut(hostname: string, options: CopyOutOptions, signal: AbortSignal): Promise<CopyOut> {
    const path = urlPath`/vm/${hostname}/cp`;
    const query = copyOutQuery(options);
    return copyOutOf(await this.#transport.open({ method: "GET", path, query }, signal));
  }

  /** @param lines how many of the last lines; 0 is all */
  async logs(hostname: string, lines: number, signal: AbortSignal): Promise<VmLogs> {
    const path = urlPath`/vm/${hostname}/logs` + queryText({ lines });
    return asResource(await this.#get(path, signal), VM_LOGS);
  }

  /** What the VM writes on its serial console from now on; ends when the VM is deleted. */
  async *console(hostname: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    const path = urlPath`/v1/vms/${hostname}/console`;
    yield* (await this.#transport.open({ method: "GET", path }, signal)).chunks();
  }

  async shell(hostname: string, options: ShellOptions, signal: AbortSignal): Promise<ShellSession> {
    const { size, ...query } = options;
    const path = urlPath`/vm/${hostname}/shell` + queryText(query);
    return await ShellSession.open(this.#transport, path, size, signal);
  }

  async pause(hostname: string, signal: AbortSignal): Promise<void> {
    await this.#post(urlPath`/vm/${hostname}/pause`, signal);
  }

  async resume(hostname: string, signal: AbortSignal): Promise<void> {
    await this.#post(urlPath`/vm/${hostname}/resume`, signal);
  }

  /** Resolves when the guest was asked, not when it is down. */
  async shutdown(
    hostname: string,
    action: "shutdown" | "reboot",
    signal: AbortSignal,
  ): Promise<void> {
    await this.#post(urlPath`/vm/${hostname}/shutdown` + queryText({ action }), signal);
  }

  #get(path: string, signal: AbortSignal): Promise<unknown> {
    return this.#transport.json({ method: "GET", path }, signal);
  }

  #post(path: string, signal: AbortSignal): Promise<unknown> {
    return this.#transport.json({ method: "POST", path }, signal);
  }
}
