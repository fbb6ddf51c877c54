/**
 * The port every hypervisor driver fills.
 *
 * A driver knows how to boot one machine from a `BootPlan` and nothing else:
 * it does not know host names, tenants, HTTP, the database or other drivers.
 * `drivers/conformance.ts` is the executable half of this contract.
 */

import type { BootPlan, Machine, MachineState, Whereabouts } from "./machine.ts";
import type { MachineTemplates } from "./machine-templates.ts";

export interface Hypervisor {
  /** stable id, stored with each VM: "qemu", "fake" */
  readonly name: string;
  /** how strong the wall around a guest is, as found by booting a probe; for people and policies */
  readonly isolation: IsolationGrade;
  /** what becomes of a machine whose guest reboots: some hypervisors know no reset and end, with a clean exit */
  readonly guestReboot: GuestReboot;

  /**
   * Boots a machine. Resolves once the guest's vCPUs run, not once it answers.
   * If `signal` aborts or boot fails, nothing is left behind.
   */
  boot(plan: BootPlan, signal: AbortSignal): Promise<Machine>;

  /**
   * Takes over a machine that an earlier daemon booted.
   * @param handle what `Machine.handle` said then, or `undefined` if that daemon died before it could store it
   * @returns the machine, or `undefined` when it is gone; then nothing of it is left behind
   */
  adopt(
    where: Whereabouts,
    handle: string | undefined,
    signal: AbortSignal,
  ): Promise<Machine | undefined>;

  /**
   * Ends every process and removes every run directory below `runRoot` that belongs to no VM in `known`.
   * @returns what was removed, one phrase each, for the log
   */
  sweep(
    runRoot: string,
    known: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<readonly string[]>;

  /** present only where machines can be made from what `Machine.saving` has written */
  readonly states?: MachineStates;
  /** present only where many machines can be made from the memory of one */
  readonly templates?: MachineTemplates;
}

/**
 * Memory and devices of machines, as directories that a driver fills and understands. A state is
 * complete or it is not there; it does not hold the disks, which must be as they were at the save.
 */
export interface MachineStates {
  /** @returns the state at `directory`, or `undefined` when no complete one is there */
  find(directory: string): Promise<MachineState | undefined>;

  /**
   * Makes a machine from a state, which stays as it is. Resolves when everything is loaded: the
   * vCPUs stand still until `pausing.resume`, and the disks are untouched until then.
   * If `signal` aborts or it fails, no machine is left behind.
   * @throws AlcoveError `state_unusable` when the state is damaged, or was saved by a machine that
   *   `plan` and this host do not make again
   */
  restore(plan: BootPlan, directory: string, signal: AbortSignal): Promise<Machine>;
}

export type GuestReboot = "restarts" | "ends";

export type IsolationGrade = "hardware" | "emulated" | "none";
