/** What guests' meters read, of one VM or of many at once: a guest that does not answer holds up nobody. */

import { within } from "#lib/patience.ts";

import { AlcoveError } from "../errors.ts";
import type { GuestStats } from "../ports/guest-link.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { statsOf } from "./guest-work.ts";

/** One list waits this long for all its guests together, in `ms`. */
export const METER_PATIENCE_MS = 1_000;

export interface Reading {
  readonly vm: VmSupervisor;
  /** what was read, or why nothing was, for people */
  readonly result: GuestStats | { readonly problem: string };
}

/** @returns a reading for each VM, in the same order; rejects only with the reason of `signal` */
export async function readMeters(
  vms: readonly VmSupervisor[],
  signal: AbortSignal,
): Promise<readonly Reading[]> {
  const inTime = within(METER_PATIENCE_MS, signal);
  const readings = await Promise.all(vms.map((vm) => reading(vm, inTime)));
  signal.throwIfAborted();
  return readings;
}

async function reading(vm: VmSupervisor, inTime: AbortSignal): Promise<Reading> {
  try {
    return { vm, result: await statsOf(vm, inTime) };
  } catch (error) {
    return { vm, result: { problem: problemOf(vm, error) } };
  }
}

function problemOf(vm: VmSupervisor, error: unknown): string {
  if (error instanceof AlcoveError) return error.message;
  return `The agent of ${vm.record.hostname} did not answer within ${METER_PATIENCE_MS} ms`;
}
