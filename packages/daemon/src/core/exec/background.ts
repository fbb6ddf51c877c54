/** Programs in the background of a guest: started so that a client may leave, and waited for in bounds. */

import { within } from "#lib/patience.ts";

import { AlcoveError, invalidRequest } from "../errors.ts";
import type {
  BackgroundEnd,
  BackgroundKeep,
  BackgroundKill,
  BackgroundProgram,
  BackgroundStart,
} from "../ports/guest-background.ts";
import type { GuestExec, GuestFailureCode } from "../ports/guest-link.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { agentOf } from "./guest-work.ts";
import { isTerminal } from "./terminal-note.ts";

/** Descriptions of VMs wait this long for what their guests say of such programs, in `ms`. */
const GLANCE_MS = 1_000;
const MAX_GRACE_MS = 3_600_000;
const SIGNALS = ["TERM", "KILL", "INT", "HUP", "QUIT", "USR1", "USR2"] as const;
/** what is not the caller's mistake: no room for another program, an agent that is too old */
const NOT_A_MISTAKE: ReadonlySet<GuestFailureCode> = new Set(["busy", "unsupported", "cancelled"]);

export interface BackgroundOrder {
  readonly program: GuestExec;
  readonly keep: BackgroundKeep;
  /** the request's field that says what to start; `cmd` when it is not said */
  readonly blame?: string;
}

/** @throws AlcoveError `invalid_request` for what cannot be started: there is nobody to see it fail later */
export async function startInBackground(
  vm: VmSupervisor,
  order: BackgroundOrder,
  signal: AbortSignal,
): Promise<BackgroundStart> {
  const agent = await agentOf(vm, signal);
  try {
    return await agent.startInBackground(order.program, order.keep, signal);
  } catch (cause) {
    if (!AlcoveError.is(cause, "guest_refused") || NOT_A_MISTAKE.has(cause.details.reason)) {
      throw cause;
    }
    const problem = `could not be started: ${cause.message}`;
    throw Object.assign(invalidRequest(order.blame ?? "cmd", problem), { cause });
  }
}

/** @returns its end, or `undefined` when it still runs after `ms` */
export async function waitForEnd(
  vm: VmSupervisor,
  wait: { readonly id: string; readonly ms: number },
  signal: AbortSignal,
): Promise<BackgroundEnd | undefined> {
  const { background } = await agentOf(vm, signal);
  const inTime = within(wait.ms, signal);
  try {
    return await background.wait(wait.id, inTime);
  } catch (error) {
    signal.throwIfAborted();
    if (inTime.aborted && error === inTime.reason) return undefined;
    throw error;
  }
}

/**
 * How to end a program, checked.
 * @param signal with or without `SIG`
 */
export function killOrder(signal: string, graceMs: number): BackgroundKill {
  const wanted = signal.toUpperCase().replace(/^SIG/, "");
  const known = SIGNALS.find((one) => one === wanted);
  if (!known) throw invalidRequest("signal", `"${signal}" is none of ${SIGNALS.join(", ")}`);
  if (!Number.isSafeInteger(graceMs) || graceMs < 0 || graceMs > MAX_GRACE_MS) {
    throw invalidRequest("grace_ms", `must be a whole number from 0 to ${MAX_GRACE_MS}`);
  }
  return { signal: known, graceMs };
}

/** Those that were started as such, oldest first: terminals are told of elsewhere. */
export async function programsOf(
  vm: VmSupervisor,
  signal: AbortSignal,
): Promise<readonly BackgroundProgram[]> {
  const { background } = await agentOf(vm, signal);
  return (await background.list(signal)).filter((program) => !isTerminal(program));
}

/** @returns the programs in the background of a VM, or `undefined` when nobody says so soon */
export async function glanceAtBackground(
  vm: VmSupervisor,
  signal: AbortSignal,
): Promise<readonly BackgroundProgram[] | undefined> {
  const agent = vm.phase === "running" ? vm.contact?.current : undefined;
  if (!agent) return undefined;
  try {
    const programs = await agent.background.list(within(GLANCE_MS, signal));
    return programs.filter((program) => !isTerminal(program));
  } catch {
    signal.throwIfAborted();
    return undefined; // silent, older than the question, or gone: not known
  }
}
