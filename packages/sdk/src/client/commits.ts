/** `client.commits`: disks of stopped VMs that are kept, and VMs that begin with them. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type {
  Commit,
  CommitsApi,
  CommittedVm,
  DeletedCommit,
  ForkedVm,
  ForkOptions as WireForkOptions,
} from "../commits.ts";
import type { NetworkOverride } from "../resources.ts";
import { type CallOptions, signalOf } from "./call.ts";

/** What a commit is known by. */
export interface CommitRequest {
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** unique on the host: asked again for the same disk, it names the commit that there is */
  readonly cacheKey?: string;
}

export interface CommitListFilter extends CallOptions {
  /** all of them must be there */
  readonly tags?: readonly string[];
  readonly cacheKey?: string;
  /** host name of the VM that it was made of */
  readonly source?: string;
}

export type GuestFixup = "hostname" | "machine-id" | "ssh-host-keys";

/** What a child is to be otherwise than its source was. */
export interface ForkRequest {
  readonly cpus?: number;
  readonly ramBytes?: number;
  /** added to the source's, or in their place */
  readonly tags?: readonly string[];
  readonly tagMode?: "append" | "replace";
  /** names; absent: the source's, empty: none */
  readonly secrets?: readonly string[];
  /** default: true */
  readonly persistent?: boolean;
  /** of isolated host groups; a list that is absent is inherited */
  readonly network?: NetworkOverride;
  /** what of the source's identity the guest loses; absent: all, empty: nothing */
  readonly fixups?: readonly GuestFixup[];
}

export interface ForkOptions extends CallOptions {
  /** default: `agent` */
  readonly wait?: "agent" | "none";
  /** how long before the child is given up and deleted; default: the host's */
  readonly waitTimeoutSec?: number;
}

export class Commits {
  readonly #api: CommitsApi;

  constructor(api: CommitsApi) {
    this.#api = api;
  }

  /** Keeps the disk of a persistent VM that has stopped; the VM stays. */
  async create(
    hostname: string,
    request: CommitRequest = {},
    options: CallOptions = {},
  ): Promise<CamelKeys<CommittedVm>> {
    const { cacheKey, ...same } = request;
    const spec = { ...same, ...(cacheKey === undefined ? {} : { cache_key: cacheKey }) };
    return withOwnLabels(await this.#api.create(hostname, spec, signalOf(options)));
  }

  /** Oldest first. */
  async list(filter: CommitListFilter = {}): Promise<readonly CamelKeys<Commit>[]> {
    const { tags, cacheKey, source } = filter;
    const wanted = {
      ...(tags === undefined ? {} : { tag: tags }),
      ...(cacheKey === undefined ? {} : { cache_key: cacheKey }),
      ...(source === undefined ? {} : { source }),
    };
    return (await this.#api.list(wanted, signalOf(filter))).map(withOwnLabels);
  }

  /** @throws AlcoveApiError 409 while its source or a child of it exists */
  async delete(commitId: string, options: CallOptions = {}): Promise<CamelKeys<DeletedCommit>> {
    return camelKeys(await this.#api.delete(commitId, signalOf(options)));
  }

  /**
   * Creates a VM that begins with the disk of a commit, as somebody of its own, and boots it.
   * @throws AlcoveApiError 408 when the time is over: the child is deleted then
   */
  async fork(
    commitId: string,
    request: ForkRequest = {},
    options: ForkOptions = {},
  ): Promise<CamelKeys<ForkedVm>> {
    const { cpus, ramBytes, tagMode, ...same } = request;
    const spec = {
      ...same,
      ...(cpus === undefined ? {} : { vcpu: cpus }),
      ...(ramBytes === undefined ? {} : { ram_bytes: ramBytes }),
      ...(tagMode === undefined ? {} : { tag_mode: tagMode }),
    };
    const { wait = "agent", waitTimeoutSec } = options;
    const how: WireForkOptions = {
      wait,
      ...(waitTimeoutSec === undefined ? {} : { timeoutMs: waitTimeoutSec * 1000 }),
    };
    return camelKeys(await this.#api.fork(commitId, spec, how, signalOf(options)));
  }
}

/** Names of labels are the caller's own words, not the API's. */
function withOwnLabels<T extends Commit | CommittedVm>(commit: T): CamelKeys<T> {
  const { labels } = commit;
  return { ...camelKeys(commit), ...(labels === undefined ? {} : { labels }) };
}
