/**
 * Writable disks and files that belong to one VM.
 *
 * Images are the image store's; this port only makes, finds and removes what is
 * private to a VM: its overlay, its console log, and its memory while it is suspended.
 */

import type { LayerId } from "../ids.ts";
import type { Ground } from "./disk-layers.ts";
import type { DiskPlan } from "./machine.ts";

export interface DiskStore {
  /**
   * Makes the VM's directory and overlay; on failure nothing is left.
   * @param sizeBytes as the guest sees it: the image's or the layer's, or more
   */
  create(vmId: string, ground: Ground, sizeBytes: number): Promise<void>;
  /** Makes the directory of a VM that has its disk elsewhere. */
  createWithoutDisk(vmId: string): Promise<void>;
  /**
   * Makes another overlay for a VM that has files here, beside the one it has; one of the same ground is replaced.
   * On failure the VM's files are as before.
   */
  addOverlay(vmId: string, ground: Ground, sizeBytes: number): Promise<void>;
  /** how a driver attaches the overlay that stands on `ground`, whether or not it exists */
  rootDisk(vmId: string, ground: Ground): DiskPlan;
  /** whether nothing has been written to the overlay that stands on `ground` */
  isUntouched(vmId: string, ground: Ground): Promise<boolean>;
  /** Removes every overlay of the VM but the one that stands on this layer; none when that is not there. */
  keepOnlyOverlay(vmId: string, layer: LayerId | undefined): Promise<void>;
  consoleLogPath(vmId: string): string;
  /** where a driver keeps a state of the VM, whether or not it exists; the directory around it is there */
  statePath(vmId: string, name: string): string;
  /** Removes every state of the VM but the one of that name, whole or not; harmless when there is none. */
  keepOnlyState(vmId: string, name: string | undefined): Promise<void>;
  /** Gives a VM a state that another has, without copying its bytes: it is there whole, or not at all. */
  shareState(from: StateOfVm, to: StateOfVm): Promise<void>;
  /** Removes one state of the VM, whole or not; harmless when it is not there. */
  removeState(state: StateOfVm): Promise<void>;
  /** removes everything of the VM; harmless when there is nothing */
  remove(vmId: string): Promise<void>;
  /** ids of all VMs that have files here */
  list(): Promise<readonly string[]>;
}

export interface StateOfVm {
  readonly vmId: string;
  readonly name: string;
}

/** Reads a VM's serial console. */
export interface ConsoleLogs {
  /**
   * @param lines the last so many lines, or "all"
   * @returns decoded as UTF-8 with replacement, or `undefined` when there is no log
   */
  read(consoleLogPath: string, lines: number | "all"): Promise<string | undefined>;
  /**
   * The newest `tailBytes` (0: none), then what is appended, until the log is removed. The tail may begin in the middle of
   * a line or a character. Rejects when there is no log.
   */
  follow(consoleLogPath: string, tailBytes: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
