/** What the surface of an Aleph node serves. */

import type { Door } from "#core/aleph/auth/door.ts";
import type { LoginSecret } from "#core/aleph/auth/login-secret.ts";
import type { Ownership } from "#core/aleph/auth/ownership.ts";
import type { Presigned } from "#core/aleph/auth/presigned.ts";
import type { Backups } from "#core/aleph/backup/backups.ts";
import type { Executions } from "#core/aleph/execution/executions.ts";
import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { Imports } from "#core/aleph/message/imports.ts";
import type { Published } from "#core/aleph/message/published.ts";
import type { NodeChecks } from "#core/aleph/node/checks.ts";
import type { NodeReport } from "#core/aleph/node/node-report.ts";
import type {
  ConfidentialBackend,
  ConfidentialMachines,
} from "#core/aleph/ports/confidential-backend.ts";
import type { ProgramCalls } from "#core/aleph/programs/program-calls.ts";
import type { MessageSource } from "#core/aleph/ports/message-source.ts";
import type { HostPorts } from "#core/aleph/ports/host-ports.ts";
import type { RunLogs } from "#core/aleph/ports/run-logs.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import type { Log } from "#core/ports/log.ts";

import type { Draining } from "./draining.ts";

/** what can be called of a class, whoever fills it */
type Callable<T> = { readonly [K in keyof T]: T[K] };

export interface AlephParts {
  readonly settings: AlephSettings;
  /** as PEP 440 has it; in every answer */
  readonly version: string;
  readonly draining: Draining;
  readonly door: Callable<Door>;
  readonly ownership: Pick<Ownership, "demand">;
  readonly login: Callable<LoginSecret>;
  readonly presigned: Callable<Presigned>;
  readonly executions: Omit<Callable<Executions>, typeof Symbol.asyncDispose>;
  readonly programs: Pick<ProgramCalls, "begin">;
  readonly messages: Pick<MessageSource, "message">;
  readonly imports: Callable<Imports>;
  readonly published: Callable<Published>;
  readonly logs: RunLogs;
  readonly report: Callable<NodeReport>;
  readonly checks: Callable<NodeChecks>;
  readonly backups: Callable<Backups>;
  /** `undefined`: this node runs nothing confidential */
  readonly confidential: Confidential | undefined;
  readonly proxy: Proxy;
  readonly networks: HostNetwork;
  readonly hostPorts: Pick<HostPorts, "address">;
  readonly log: Log;
}

export interface Confidential {
  readonly backend: Pick<ConfidentialBackend, "certificates" | "kind">;
  readonly machines: ConfidentialMachines;
}

/** What stands in front of VMs' domains. */
export interface Proxy {
  /** @returns `undefined` where there is none */
  debug(signal: AbortSignal): Promise<ProxyView | undefined>;
  /** @throws Error when it does not take what it is told */
  regenerate(signal: AbortSignal): Promise<void>;
  /** never rejects but for an abort */
  resync(signal: AbortSignal): Promise<void>;
}

export interface ProxyView {
  /** by backend, what leads where */
  readonly mappings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly stats: readonly Readonly<Record<string, string>>[];
}

/** The host's rules for VMs' networks. */
export interface HostNetwork {
  /** Removes all that stands for VMs and makes it anew. */
  recreate(signal: AbortSignal): Promise<Recreated>;
}

export interface Recreated {
  /** names of what was removed */
  readonly removed: readonly string[];
  readonly recreated: readonly ItemHash[];
  readonly failed: readonly { readonly vmHash: ItemHash; readonly error: string }[];
}
