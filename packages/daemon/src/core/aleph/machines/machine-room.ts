/**
 * Executions' machines, as VMs of the one core: admitted, supervised and adopted like all others, and
 * reached by nobody else, because they have an owner.
 *
 * Disks outlive VMs here: they are the message's, not the VM's.
 */

import type { ImageStore } from "../../ports/image-store.ts";
import type { Log } from "../../ports/log.ts";
import type { Vms } from "../../vm/vms.ts";
import type { PortMapping } from "../execution/record.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ConfidentialBackend } from "../ports/confidential-backend.ts";
import type { InstanceDisks } from "../ports/instance-disks.ts";
import type {
  ConfidentialLaunch,
  InstanceOrder,
  InstancePhase,
  MachineRoom,
} from "../ports/machine-room.ts";
import type { PortRedirects } from "../ports/port-redirects.ts";

export interface MachineRoomDeps {
  readonly vms: Vms;
  readonly disks: InstanceDisks;
  readonly redirects: PortRedirects;
  /** `undefined`: this node has no confidential machines */
  readonly confidential: ConfidentialBackend | undefined;
  readonly images: ImageStore;
  /** image whose kernel boots plain file systems: name or id */
  readonly kernelImage: string;
  readonly log: Log;
}

export class VmMachineRoom implements MachineRoom {
  readonly #deps: MachineRoomDeps;

  constructor(deps: MachineRoomDeps) {
    this.#deps = deps;
  }

  async prepare(order: InstanceOrder, _signal: AbortSignal): Promise<void> {
    throw this.#unready(order.vmHash);
  }

  async start(
    vmHash: ItemHash,
    _launch: ConfidentialLaunch | undefined,
    _signal: AbortSignal,
  ): Promise<void> {
    throw this.#unready(vmHash);
  }

  async stop(vmHash: ItemHash, _signal: AbortSignal): Promise<void> {
    throw this.#unready(vmHash);
  }

  async restart(
    vmHash: ItemHash,
    _launch: ConfidentialLaunch | undefined,
    _signal: AbortSignal,
  ): Promise<void> {
    throw this.#unready(vmHash);
  }

  async remove(vmHash: ItemHash, _disks: "keep" | "remove", _signal: AbortSignal): Promise<void> {
    throw this.#unready(vmHash);
  }

  async reinstall(
    vmHash: ItemHash,
    _volumes: "keep" | "remove",
    _signal: AbortSignal,
  ): Promise<void> {
    throw this.#unready(vmHash);
  }

  phaseOf(vmHash: ItemHash): InstancePhase | undefined {
    throw this.#unready(vmHash);
  }

  async setPorts(
    vmHash: ItemHash,
    _ports: readonly PortMapping[],
    _signal: AbortSignal,
  ): Promise<void> {
    throw this.#unready(vmHash);
  }

  onChange(_listener: (vmHash: ItemHash) => void): Disposable {
    throw this.#unready("all");
  }

  hashes(): readonly ItemHash[] {
    throw this.#unready("all");
  }

  #unready(vmHash: string): Error {
    return new Error(`Instances cannot be made yet (${vmHash}): ${this.#deps.kernelImage}`);
  }
}
