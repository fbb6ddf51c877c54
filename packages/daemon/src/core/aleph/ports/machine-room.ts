/**
 * What executions need of the host's VMs: one VM for each, with its disks and its network.
 *
 * Filled over the same core that serves the other APIs: admission, templates, supervision and the life after the
 * daemon's death are the core's.
 */

import type { ItemHash } from "../item-hash.ts";
import type { PciDevice } from "../../ports/machine.ts";
import type { VmPhase } from "../../vm/lifecycle.ts";
import type { PortMapping } from "../execution/record.ts";
import type { InstanceNetwork } from "../execution/address-plan.ts";

export interface MachineRoom {
  /**
   * Makes disks, volumes and what the guest is told, and starts nothing. Files of a persistent disk that are there
   * already are taken as they are. On failure nothing new is left.
   * @throws Refusal
   */
  prepare(order: InstanceOrder, signal: AbortSignal): Promise<void>;

  /**
   * Starts what was prepared, or has stopped. Resolves when the machine runs.
   * @param launch only for a confidential one: it stands still until its secret is injected
   * @throws AlcoveError `no_capacity`, `hypervisor_failed`, …
   */
  start(
    vmHash: ItemHash,
    launch: ConfidentialLaunch | undefined,
    signal: AbortSignal,
  ): Promise<void>;

  /** Asks the guest to power off, waits as long as the node's settings say, and kills it then. Harmless when nothing runs. */
  stop(vmHash: ItemHash, signal: AbortSignal): Promise<void>;

  /** A new machine on the same disks. @throws as `start` does */
  restart(
    vmHash: ItemHash,
    launch: ConfidentialLaunch | undefined,
    signal: AbortSignal,
  ): Promise<void>;

  /**
   * Removes the VM, which must not run. Disks that outlive it by its message stay, unless `disks` says otherwise.
   * Harmless when there is none.
   */
  remove(vmHash: ItemHash, disks: "keep" | "remove", signal: AbortSignal): Promise<void>;

  /** Replaces the root disk, and if wanted the volumes, by new ones as of the beginning. The VM must not run. */
  reinstall(vmHash: ItemHash, volumes: "keep" | "remove", signal: AbortSignal): Promise<void>;

  /** @returns how the VM is doing; `undefined` when there is none of this hash */
  phaseOf(vmHash: ItemHash): InstancePhase | undefined;

  /** Makes exactly these ports of a VM reachable. Resolves when the packet filter has them. */
  setPorts(vmHash: ItemHash, ports: readonly PortMapping[], signal: AbortSignal): Promise<void>;

  /** Calls `listener` after every change of a VM's phase. */
  onChange(listener: (vmHash: ItemHash) => void): Disposable;

  /** the VMs there are, whether they run or not */
  hashes(): readonly ItemHash[];
}

export interface InstancePhase {
  readonly phase: VmPhase;
  /** why it failed or stopped, for people */
  readonly reason: string | undefined;
}

/** All that is needed to make one VM; nothing in it is left to be looked up but files. */
export interface InstanceOrder {
  readonly vmHash: ItemHash;
  /** who owns it: nobody else but the administrator reaches it */
  readonly owner: string;
  readonly hostname: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly sshKeys: readonly string[];
  readonly root: RootOrder;
  readonly volumes: readonly VolumeOrder[];
  readonly network: InstanceNetwork;
  readonly gpus: readonly PciDevice[];
  readonly confidential: { readonly policy: number; readonly firmwarePath: string } | undefined;
}

export interface RootOrder {
  /** absolute path of the parent: raw or qcow2, never written to */
  readonly parentPath: string;
  readonly parentRef: ItemHash;
  readonly sizeMiB: number;
  /** begins as the parent is whenever it is prepared; otherwise it is kept */
  readonly fresh?: true;
}

export type VolumeOrder =
  | { readonly kind: "read-only"; readonly path: string; readonly mount: string | undefined }
  | {
      readonly kind: "persistent";
      readonly name: string;
      readonly mount: string;
      readonly sizeMiB: number;
      /** absolute path of what it begins with; `undefined` begins with an empty ext4 */
      readonly parentPath: string | undefined;
    };

/** What an owner's `initialize` brought, as base64 texts. */
export interface ConfidentialLaunch {
  readonly session: string;
  readonly godh: string;
}
