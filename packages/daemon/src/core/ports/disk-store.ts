/**
 * Writable disks and files that belong to one VM.
 *
 * Images are the image store's; this port only makes, finds and removes what is
 * private to a VM: its overlay and its console log.
 */

import type { DiskPlan } from "./hypervisor.ts";

export interface VmFiles {
  readonly disk: DiskPlan;
  readonly consoleLogPath: string;
}

export interface BaseDisk {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly virtualSizeBytes: number;
}

export interface DiskStore {
  /** Makes the overlay; on failure nothing is left. Rejects with `no_capacity` when the file system is full. */
  create(vmId: string, base: BaseDisk): Promise<VmFiles>;
  /** where the files of a VM are, whether or not they exist */
  locate(vmId: string, base: BaseDisk): VmFiles;
  /** removes everything of the VM; harmless when there is nothing */
  remove(vmId: string): Promise<void>;
  /** ids of all VMs that have files here */
  list(): Promise<readonly string[]>;
}

/** Reads a VM's serial console. */
export interface ConsoleLogs {
  /**
   * @param lines the last so many lines, or "all"
   * @returns text with control bytes as they came, decoded as UTF-8 with replacement, or `undefined` without a log
   */
  read(consoleLogPath: string, lines: number | "all"): Promise<string | undefined>;
  /** cuts the log to its newest part when it outgrew its bound */
  trim(consoleLogPath: string): Promise<void>;
}
