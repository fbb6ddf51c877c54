/** Waiting for a guest: until its agent answers, until its first-boot script is done. */

import { AlcoveApiError } from "../api-error.ts";
import type { HostApi } from "../host-api.ts";
import type { VmHealth } from "../resources.ts";
import { AlcoveTimeoutError } from "../timeout-error.ts";
import { type CallOptions, Deadline, pause, signalOf } from "./call.ts";

export interface WaitOptions extends CallOptions {
  /** default two minutes */
  readonly timeoutMs?: number;
  /** between two questions; default half a second */
  readonly intervalMs?: number;
}

/** The first-boot script ended with a status that is not 0. */
export class UserdataError extends Error {
  override readonly name = "UserdataError";
  readonly exitCode: number;

  constructor(hostname: string, exitCode: number) {
    super(`The userdata script of ${hostname} ended with status ${exitCode}; its console has why`);
    this.exitCode = exitCode;
  }
}

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_INTERVAL_MS = 500;
/** What does not change by waiting: who asks, whether there is such a VM, and that it does not run. */
const FINAL_STATUSES = new Set([401, 403, 404, 409]);

/** @throws AlcoveTimeoutError, or AlcoveApiError for a VM that does not exist or does not run */
export async function untilAgentAnswers(
  api: HostApi,
  hostname: string,
  options: WaitOptions,
): Promise<VmHealth> {
  const goal = { missing: "its agent does not answer", reached: () => true };
  return await untilHealthy(api, hostname, options, goal);
}

/** @throws UserdataError when the script failed, AlcoveTimeoutError */
export async function untilUserdataIsDone(
  api: HostApi,
  hostname: string,
  options: WaitOptions,
): Promise<VmHealth> {
  const health = await untilHealthy(api, hostname, options, {
    missing: "its first-boot script is not done",
    reached: ({ userdata_ran }) => userdata_ran,
  });
  const { userdata_exit_code: code } = health;
  if (code) throw new UserdataError(hostname, code);
  return health;
}

/** What a guest is asked for, and how it is said that it did not come. */
interface Goal {
  readonly missing: string;
  readonly reached: (health: VmHealth) => boolean;
}

async function untilHealthy(
  api: HostApi,
  hostname: string,
  options: WaitOptions,
  { missing, reached }: Goal,
): Promise<VmHealth> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, intervalMs = DEFAULT_INTERVAL_MS } = options;
  const late = new AlcoveTimeoutError(
    `${hostname} is not ready after ${spoken(timeoutMs)}: ${missing}`,
  );
  using deadline = new Deadline(signalOf(options), timeoutMs, late);
  while (true) {
    const health = await healthOf(api, hostname, deadline.signal);
    if (health && reached(health)) return health;
    await pause(intervalMs, deadline.signal);
  }
}

/** `5 m`, `90 s`, `1500 ms`: the largest unit that it is whole numbers of. */
function spoken(ms: number): string {
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000} m`;
  return ms > 0 && ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

async function healthOf(
  api: HostApi,
  hostname: string,
  signal: AbortSignal,
): Promise<VmHealth | undefined> {
  try {
    return await api.vmHealth(hostname, signal);
  } catch (error) {
    if (error instanceof AlcoveApiError && !FINAL_STATUSES.has(error.status)) return undefined;
    throw error;
  }
}
