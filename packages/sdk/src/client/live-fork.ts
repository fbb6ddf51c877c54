/** What `vm.fork` takes, as a TypeScript program writes it. */

import type { LiveForkSpec } from "../live-fork.ts";
import type { NetworkOverride } from "../resources.ts";
import type { CallOptions } from "./call.ts";

/** What the children are to be otherwise than their source is. */
export interface LiveForkRequest extends CallOptions {
  /** children, 1 to 16; default 1 */
  readonly count?: number;
  /** beside those of the source, or in their place; a friendly name only where there is one child */
  readonly tags?: readonly string[];
  readonly tagMode?: "append" | "replace";
  /** names; absent: the source's, empty: none */
  readonly secrets?: readonly string[];
  readonly network?: NetworkOverride;
  /** default: as the source */
  readonly persistent?: boolean;
  /** default: `agent` */
  readonly wait?: "agent" | "none";
  /** how long before a child is given up and deleted; default: the host's */
  readonly waitTimeoutSec?: number;
}

export function liveForkSpecOf(request: LiveForkRequest): LiveForkSpec {
  const { count, tags, tagMode, secrets, network, persistent, wait, waitTimeoutSec } = request;
  return {
    ...(count === undefined ? {} : { count }),
    ...(tags === undefined ? {} : { tags }),
    ...(tagMode === undefined ? {} : { tag_mode: tagMode }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(network === undefined ? {} : { network }),
    ...(persistent === undefined ? {} : { persistent }),
    ...(wait === undefined ? {} : { wait }),
    ...(waitTimeoutSec === undefined ? {} : { timeout_ms: Math.ceil(waitTimeoutSec * 1000) }),
  };
}
