/** What a node runs and has run, as its listings say it. */

import { type Resource, asResource, asResources, resource } from "@alcove/sdk/resource.ts";
import { AlcoveProtocolError, isObject } from "@alcove/sdk/errors.ts";

import type { NodeClient } from "./node-client.ts";

/** Times are texts of Python's: a space between date and time, or null. */
export interface Execution {
  readonly networking: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
  readonly running: boolean;
  /** stands still until its owner has brought the session and the secret */
  readonly awaiting_confidential_init?: boolean;
  readonly vm_type: string;
}

/** A line of the history; `message` and `gpus` are JSON inside of texts, times without a zone are UTC. */
export interface ExecutionRow {
  readonly uuid: string;
  readonly vm_hash: string;
  readonly vm_id?: number;
  readonly time_defined: string;
  readonly time_started?: string;
  readonly time_stopping?: string;
  readonly vcpus?: number;
  /** MiB */
  readonly memory?: number;
  readonly message?: string;
  readonly persistent?: boolean;
  readonly gpus?: string;
}

/** by hash, in the node's order */
export type Executions = ReadonlyMap<string, Execution>;

const EXECUTION: Resource<Execution> = resource<Execution>("execution", {
  networking: "object",
  status: "object",
  running: "boolean",
  awaiting_confidential_init: "boolean?",
  vm_type: "string",
});

const ROW: Resource<ExecutionRow> = resource<ExecutionRow>("record of an execution", {
  uuid: "string",
  vm_hash: "string",
  vm_id: "number?",
  time_defined: "string",
  time_started: "string?",
  time_stopping: "string?",
  vcpus: "number?",
  memory: "number?",
  message: "string?",
  persistent: "boolean?",
  gpus: "string?",
});

export interface Listing {
  readonly executions: Executions;
  /** as the node has answered */
  readonly answer: unknown;
}

/** @param which `all`: also those that were stopped and are kept */
export async function listExecutions(
  node: NodeClient,
  which: "current" | "all",
  signal: AbortSignal,
): Promise<Listing> {
  const answer = await node.askJson(
    {
      method: "GET",
      path: "/v2/about/executions/list",
      query: which === "all" ? { all: true } : {},
      audience: "anyone",
    },
    signal,
  );
  if (!isObject(answer))
    throw new AlcoveProtocolError("The node's list of executions is no object");
  const entries = Object.entries(answer).map(
    ([hash, one]) => [hash, asResource(one, EXECUTION)] as const,
  );
  return { executions: new Map(entries), answer };
}

/** Newest first. @param which `active`: only of what is there now */
export async function listRecords(
  node: NodeClient,
  which: "active" | "all",
  signal: AbortSignal,
): Promise<readonly ExecutionRow[]> {
  const answer = await node.askJson(
    {
      method: "GET",
      path: "/about/executions/records",
      query: which === "active" ? { active: true } : {},
      audience: "anyone",
    },
    signal,
  );
  return asResources(answer, ROW);
}

/** One word for people. */
export function stateOf({ running, awaiting_confidential_init, status }: Execution): string {
  if (awaiting_confidential_init === true) return "awaits its owner";
  if (running) return "running";
  if (status["stopped_at"]) return "stopped";
  if (status["stopping_at"]) return "stopping";
  return "starting";
}

/** A time of the node's as RFC 3339; `undefined` for none. */
export function instantOf(time: unknown): string | undefined {
  if (typeof time !== "string" || time === "") return undefined;
  const written = time.replace(" ", "T");
  return /(?:Z|[+-]\d\d:?\d\d)$/.test(written) ? written : `${written}Z`;
}

export interface MappedPort {
  /** in the VM */
  readonly port: number;
  /** of the host */
  readonly host: number;
  readonly tcp: boolean;
  readonly udp: boolean;
}

/** Lowest first; what makes no sense is left out. */
export function mappedPortsOf({ networking }: Execution): readonly MappedPort[] {
  return Object.entries(Object(networking["mapped_ports"]))
    .flatMap(([port, mapping]): readonly MappedPort[] => {
      if (!isObject(mapping) || typeof mapping["host"] !== "number") return [];
      const { host, tcp, udp } = mapping;
      return [{ port: Number(port), host, tcp: tcp === true, udp: udp === true }];
    })
    .toSorted((one, other) => one.port - other.port);
}
