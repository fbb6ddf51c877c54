/** Disks of stopped VMs that are kept, and VMs that begin with them. */

import { askJson, jsonRequest } from "./answer-text.ts";
import { urlPath } from "./query.ts";
import { asResource, asResources, type Resource, resource } from "./resource.ts";
import type { NetworkOverride } from "./resources.ts";
import type { Wire } from "./wire.ts";

/** What a commit is known by; all of it may be absent. */
export interface CommitSpec {
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** unique on the host: asked again for the same disk, it names the commit that there is */
  readonly cache_key?: string;
}

/** The answer to a commit. */
export interface CommittedVm extends CommitSpec {
  readonly hostname: string;
  readonly commit_id: string;
  /** `committed` */
  readonly status: string;
  readonly parent_status?: string;
  /** `disk` */
  readonly mode: string;
}

export interface Commit extends CommitSpec {
  readonly commit_id: string;
  readonly source_hostname: string;
  readonly source_host_group: string;
  /** RFC 3339 */
  readonly created_at: string;
  /** `disk` */
  readonly mode: string;
}

export interface CommitFilter {
  /** all of them */
  readonly tag?: readonly string[];
  readonly cache_key?: string;
  /** host name of the VM that it was made of */
  readonly source?: string;
  readonly mode?: string;
}

export interface DeletedCommit {
  readonly commit_id: string;
  readonly status: string;
}

/** What a child is to be otherwise than its source was. */
export interface ForkSpec {
  /** of isolated host groups; a list that is absent is inherited */
  readonly network?: NetworkOverride;
  readonly tags?: readonly string[];
  /** default: `append`, to those of the source */
  readonly tag_mode?: "append" | "replace";
  /** names; absent: the source's, empty: none */
  readonly secrets?: readonly string[];
  /** default: true */
  readonly persistent?: boolean;
  /** what of the source's identity the guest loses: `hostname`, `machine-id`, `ssh-host-keys`; absent: all */
  readonly fixups?: readonly string[];
  readonly vcpu?: number;
  readonly ram_bytes?: number;
}

export interface ForkOptions {
  /** answer only when the agent answers; default: when the child is on its way */
  readonly wait?: "agent" | "none";
  /** how long to wait before the child is given up and deleted; default: the host's */
  readonly timeoutMs?: number;
}

export interface ForkedVm {
  /** of the child */
  readonly hostname: string;
  readonly source_hostname: string;
  readonly commit_id?: string;
  /** `forked` */
  readonly status: string;
  readonly parent_status?: string;
  /** `running` or `starting` */
  readonly child_status?: string;
  readonly mode: string;
  readonly persistent: boolean;
}

const SAID = { tags: "strings?", labels: "object?", cache_key: "string?" } as const;

const COMMITTED: Resource<CommittedVm> = resource<CommittedVm>("commit of a VM", {
  hostname: "string",
  commit_id: "string",
  status: "string",
  parent_status: "string?",
  mode: "string",
  ...SAID,
});

const COMMIT: Resource<Commit> = resource<Commit>("commit", {
  commit_id: "string",
  source_hostname: "string",
  source_host_group: "string",
  created_at: "string",
  mode: "string",
  ...SAID,
});

const DELETED: Resource<DeletedCommit> = resource<DeletedCommit>("deleted commit", {
  commit_id: "string",
  status: "string",
});

const FORKED: Resource<ForkedVm> = resource<ForkedVm>("forked VM", {
  hostname: "string",
  source_hostname: "string",
  commit_id: "string?",
  status: "string",
  parent_status: "string?",
  child_status: "string?",
  mode: "string",
  persistent: "boolean",
});

export class CommitsApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  /** Keeps the disk of a persistent VM that has stopped; the VM stays. */
  async create(hostname: string, spec: CommitSpec, signal: AbortSignal): Promise<CommittedVm> {
    const request = jsonRequest("POST", urlPath`/vm/${hostname}/commit`, spec);
    return asResource(await askJson(this.#wire, request, signal), COMMITTED);
  }

  async list(filter: CommitFilter, signal: AbortSignal): Promise<readonly Commit[]> {
    const request = { method: "GET", path: "/vm/commits", query: { ...filter } } as const;
    return asResources(await askJson(this.#wire, request, signal), COMMIT);
  }

  /** @throws AlcoveApiError 409 while its source or a child of it exists */
  async delete(id: string, signal: AbortSignal): Promise<DeletedCommit> {
    const request = { method: "DELETE", path: urlPath`/vm/commits/${id}` } as const;
    return asResource(await askJson(this.#wire, request, signal), DELETED);
  }

  /** Abort stops the waiting, not the child: the host keeps what it has begun. */
  async fork(
    id: string,
    spec: ForkSpec,
    { wait, timeoutMs }: ForkOptions,
    signal: AbortSignal,
  ): Promise<ForkedVm> {
    const query = { wait, timeout: timeoutMs === undefined ? undefined : `${timeoutMs}ms` };
    const request = jsonRequest("POST", urlPath`/vm/commits/${id}/fork`, spec);
    return asResource(await askJson(this.#wire, { ...request, query }, signal), FORKED);
  }
}
