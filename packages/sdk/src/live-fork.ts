/** Children of a VM that runs: an Alcove host's addition, below `/v1`. */

import { askJson, jsonRequest } from "./answer-text.ts";
import { isObject } from "./errors.ts";
import { urlPath } from "./query.ts";
import { asResource, type Resource } from "./resource.ts";
import type { NetworkOverride } from "./resources.ts";
import type { Wire } from "./wire.ts";

/** What the children are to be otherwise than their source is. */
export interface LiveForkSpec {
  /** children, 1 to 16; default 1 */
  readonly count?: number;
  /** beside those of the source, or in their place; a friendly name only where there is one child */
  readonly tags?: readonly string[];
  /** default: `append` */
  readonly tag_mode?: "append" | "replace";
  /** names; absent: the source's, empty: none */
  readonly secrets?: readonly string[];
  /** of isolated host groups; a list that is absent is inherited */
  readonly network?: NetworkOverride;
  /** default: as the source */
  readonly persistent?: boolean;
  /** answer when every child's agent has confirmed who it is (default), or when they are on their way */
  readonly wait?: "agent" | "none";
  /** how long to wait for each child before it is given up and deleted; default: the host's */
  readonly timeout_ms?: number;
}

/** What a child's agent has done and confirms. */
export interface ForkReceipt {
  /** `reseeded` */
  readonly rng: string;
  /** how far the wall clock was moved, in nanoseconds, as a decimal number */
  readonly clock_step_ns: string;
  readonly hostname: string;
  readonly machine_id: string;
  /** `renewed`, `none` or `kept` */
  readonly ssh_host_keys: string;
  readonly mac?: string;
  readonly ip?: string;
  /** connections of the source that were ended */
  readonly connections_cut: number;
}

export interface ForkChild {
  readonly hostname: string;
  readonly ip?: string;
  readonly tags: readonly string[];
  readonly persistent: boolean;
  /** absent when nobody waited for it */
  readonly receipt?: ForkReceipt;
}

export interface LiveForked {
  readonly source: string;
  /** how long the source stood still; 0 for one that was paused */
  readonly pause_ms: number;
  readonly children: readonly ForkChild[];
  /** why there are fewer children than were asked for; those that failed are gone */
  readonly failures: readonly { readonly code: string; readonly message: string }[];
}

const LIVE_FORKED: Resource<LiveForked> = {
  what: "answer to a fork",
  matches: (value): value is LiveForked =>
    isObject(value) &&
    typeof value["source"] === "string" &&
    typeof value["pause_ms"] === "number" &&
    listOf(value["children"], "hostname") &&
    listOf(value["failures"], "message"),
};

function listOf(value: unknown, field: string): boolean {
  return (
    Array.isArray(value) && value.every((one) => isObject(one) && typeof one[field] === "string")
  );
}

/** Abort stops the waiting, not the children: the host keeps what it has begun. */
export async function forkVm(
  wire: Wire<Uint8Array>,
  hostname: string,
  spec: LiveForkSpec,
  signal: AbortSignal,
): Promise<LiveForked> {
  const request = jsonRequest("POST", urlPath`/v1/vms/${hostname}/fork`, spec);
  return asResource(await askJson(wire, request, signal), LIVE_FORKED);
}
