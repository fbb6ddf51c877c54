/**
 * Executions' machines, as VMs of the one core: admitted, supervised and adopted like all others, and
 * reached by nobody else, because they have an owner.
 *
 * Disks outlive VMs here: they are the message's, not the VM's.
 */

import type { ImageStore } from "../../ports/image-store.ts";
import type { Log } from "../../ports/log.ts";
import type { PortRedirects } from "../../ports/port-redirects.ts";
import { hasMachine, isAtRest } from "../../vm/lifecycle.ts";
import type { VmSupervisor } from "../../vm/supervisor.ts";
import type { VmSpec } from "../../vm/vm.ts";
import type { Vms } from "../../vm/vms.ts";
import type { PortMapping } from "../execution/record.ts";
import { hashOfHostLabel, hostLabelOf, type ItemHash } from "../item-hash.ts";
import type { ConfidentialBackend } from "../ports/confidential-backend.ts";
import type { InstanceDisks, InstanceDiskSet } from "../ports/instance-disks.ts";
import type {
  ConfidentialLaunch,
  InstanceOrder,
  InstancePhase,
  MachineRoom,
} from "../ports/machine-room.ts";
import { Refusal } from "../refusal.ts";
import { groupOf, specOf } from "./instance-vm.ts";

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

  async prepare(order: InstanceOrder, signal: AbortSignal): Promise<void> {
    const { vms, disks, images, kernelImage } = this.#deps;
    if (order.confidential && !this.#deps.confidential)
      throw new Refusal("bad request", "This node has no confidential machines");
    const before = this.#find(order.vmHash);
    if (before && hasMachine(before.phase))
      throw new Refusal("conflict", `The VM ${order.vmHash} runs already`);
    const image = await images.resolve(kernelImage, signal);
    const hadFiles = before !== undefined;
    if (before) await vms.delete(before);
    const set = await disks.make(order, signal);
    try {
      const spec = specOf(order, set, image);
      const group = groupOf(order, spec);
      const { owner, hostname } = order;
      const place = { kind: "persistent", hostname, wantedAddress: undefined } as const;
      const begin = { layer: undefined, origin: { how: "boot", why: undefined } } as const;
      const diskBytes = set.root.sizeBytes;
      await vms.add({ group, ...place, spec, image, diskBytes, ...begin, owner }, signal);
    } catch (error) {
      if (!hadFiles && set.isNew) await disks.remove(order.vmHash);
      throw error;
    }
  }

  async start(
    vmHash: ItemHash,
    launch: ConfidentialLaunch | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const vm = this.#get(vmHash);
    await this.#planLaunch(vm, vmHash, launch, signal);
    const work = () => vm.start(signal);
    if (vm.phase === "created") {
      // It was admitted when it was made, and has held its share since.
      const done = work();
      void this.#deps.vms.inBackground(vm, "vm.start_failed", () => done);
      return await done;
    }
    const { done } = await this.#deps.vms.occupy(vm, { into: "starting", work }, signal);
    return await done;
  }

  async stop(vmHash: ItemHash, signal: AbortSignal): Promise<void> {
    const vm = this.#find(vmHash);
    if (vm && hasMachine(vm.phase)) await vm.stop(signal);
  }

  async restart(
    vmHash: ItemHash,
    launch: ConfidentialLaunch | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.#get(vmHash);
    await this.stop(vmHash, signal);
    await this.start(vmHash, launch, signal);
  }

  async remove(vmHash: ItemHash, disks: "keep" | "remove", signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const vm = this.#find(vmHash);
    if (vm) await this.#deps.vms.delete(vm);
    if (disks === "keep") return;
    await this.#deps.disks.remove(vmHash);
    await this.#deps.confidential?.forget(vmHash);
  }

  async reinstall(
    vmHash: ItemHash,
    volumes: "keep" | "remove",
    signal: AbortSignal,
  ): Promise<void> {
    const vm = this.#get(vmHash);
    if (!isAtRest(vm.phase))
      throw new Refusal("conflict", `The VM ${vmHash} must be stopped before it is reinstalled`);
    await this.#deps.disks.renew(disksOf(vm), volumes, signal);
  }

  phaseOf(vmHash: ItemHash): InstancePhase | undefined {
    const vm = this.#find(vmHash);
    return vm && { phase: vm.phase, reason: vm.record.state.reason };
  }

  async setPorts(
    vmHash: ItemHash,
    ports: readonly PortMapping[],
    signal: AbortSignal,
  ): Promise<void> {
    const { settings } = this.#get(vmHash).record.spec.network;
    if (settings.mode !== "routed") throw new Error(`invariant: ${vmHash} has a routed network`);
    await this.#deps.redirects.set(settings, ports, signal);
  }

  onChange(listener: (vmHash: ItemHash) => void): Disposable {
    return this.#deps.vms.onChange((vm) => {
      const vmHash = hashOf(vm);
      if (vmHash !== undefined) listener(vmHash);
    });
  }

  hashes(): readonly ItemHash[] {
    return this.#deps.vms.all().flatMap((vm) => hashOf(vm) ?? []);
  }

  #find(vmHash: ItemHash): VmSupervisor | undefined {
    const vm = this.#deps.vms.find(hostLabelOf(vmHash));
    return vm?.record.owner === undefined ? undefined : vm;
  }

  #get(vmHash: ItemHash): VmSupervisor {
    const vm = this.#find(vmHash);
    if (vm) return vm;
    throw new Refusal("not found", `No virtual machine with ref ${vmHash}`);
  }

  /** Each machine of a confidential VM is a launch of its own: how it is made is put on record first. */
  async #planLaunch(
    vm: VmSupervisor,
    vmHash: ItemHash,
    launch: ConfidentialLaunch | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { kind, spec } = vm.record;
    const { confidential: backend } = this.#deps;
    if (!spec.confidential) return;
    if (!backend) throw new Refusal("failed", "This node has no confidential machines any more");
    const { policy, firmwarePath } = spec.confidential;
    const plan = await backend.planFor({ vmHash, launch, policy, firmwarePath }, signal);
    const planned: VmSpec = { ...spec, confidential: { policy, firmwarePath, plan } };
    vm.redeclare({ kind, spec: planned });
  }
}

function hashOf({ record }: VmSupervisor): ItemHash | undefined {
  return record.owner === undefined ? undefined : hashOfHostLabel(record.hostname);
}

function disksOf({ record: { spec, hostname } }: VmSupervisor): InstanceDiskSet {
  const { root, volumes = [] } = spec;
  if (root) return { root, volumes, isNew: false };
  throw new Error(`invariant: ${hostname} has disks of its own`);
}
