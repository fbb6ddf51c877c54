/**
 * Machines made from the memory of another that was frozen once.
 *
 * A template is a directory that a driver fills and understands: memory, devices, and what must match.
 * It does not hold the disk, whose layer is sealed at the same moment and must be there unchanged.
 * `drivers/conformance-templates.ts` is the executable half of this contract.
 */

import type { BootPlan, Machine, MachineState } from "./machine.ts";

export interface MachineTemplates {
  /**
   * What in a plan, in this driver and in its programs makes a machine: machines of one key can come
   * from one template. Names of files, addresses, and everything of a VM's own leave it as it is.
   * @returns a word for comparing, `[0-9a-f]{64}`
   */
  keyOf(plan: BootPlan, signal: AbortSignal): Promise<string>;

  /** Boots a machine that can be frozen; otherwise as `Hypervisor.boot`. */
  boot(plan: BootPlan, signal: AbortSignal): Promise<FreezableMachine>;

  /** @returns the template at `directory`, or `undefined` when no complete one is there */
  find(directory: string): Promise<TemplateState | undefined>;

  /**
   * Reads a template, checks every byte of it, and keeps it where no machine can change it.
   * @throws AlcoveError `state_unusable` with the reason when it is damaged, or was frozen by a
   *   machine that this host does not make again
   */
  open(directory: string, signal: AbortSignal): Promise<OpenTemplate>;
}

export interface FreezableMachine extends Machine {
  /**
   * Writes memory and devices as a template at `directory`, which does not exist yet in a directory
   * that does. When it resolves the template is complete and durable, and so are the guest's writes to
   * its disks. The machine must not run again: whatever comes of this, dispose it.
   */
  freeze(directory: string, signal: AbortSignal): Promise<TemplateState>;
}

export interface TemplateState extends MachineState {
  /** names what is in it: templates with other contents have another, `[0-9a-f]{64}` */
  readonly digest: string;
}

/**
 * A template that machines are made from. Disposing it costs none of them their memory, and lets those come to an end
 * that are being made.
 */
export interface OpenTemplate extends AsyncDisposable {
  /** what it holds in the host's memory, shared by all its machines, in bytes */
  readonly memoryBytes: number;

  /**
   * Makes a machine from it: memory as it was frozen, shared until it is written to. As with
   * `MachineStates.restore`, the vCPUs stand still until `pausing.resume`.
   * If `signal` aborts or it fails, no machine is left behind.
   * @throws AlcoveError `state_unusable` when `plan` is for another machine, or the template was disposed before
   */
  fork(plan: BootPlan, signal: AbortSignal): Promise<Machine>;
}
