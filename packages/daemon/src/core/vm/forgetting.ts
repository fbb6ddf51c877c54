/** Forgets VMs that have ended: their files, their records, and their names. */

import { AlcoveError } from "../errors.ts";
import type { DiskStore } from "../ports/disk-store.ts";
import type { VmStore } from "../ports/vm-store.ts";
import type { KeptLayers } from "./kept-layers.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { VmRecord } from "./vm.ts";

export interface ForgettingDeps {
  readonly disks: DiskStore;
  readonly keptLayers: KeptLayers;
  readonly store: VmStore;
}

/** @throws AlcoveError `vm_protected` */
export function mustBeDeletable({ hostname, kind }: VmRecord): void {
  if (kind !== "service") return;
  const message = `${hostname} is declared in the configuration and cannot be deleted by the API`;
  throw new AlcoveError("vm_protected", message, { hostname });
}

const never = new AbortController().signal;

export class Forgetting {
  readonly #deps: ForgettingDeps;
  readonly #gone: (vm: VmSupervisor) => void;
  readonly #begun = new WeakMap<VmSupervisor, Promise<void>>();

  /** @param gone told when nothing is left of a VM */
  constructor(deps: ForgettingDeps, gone: (vm: VmSupervisor) => void) {
    this.#deps = deps;
    this.#gone = gone;
  }

  /** Several may want it gone: a request, another, and the reaper of sandboxes. It happens once. */
  forget(vm: VmSupervisor): Promise<void> {
    const begun = this.#begun.get(vm) ?? this.#once(vm);
    this.#begun.set(vm, begun);
    begun.catch(() => this.#begun.delete(vm)); // so that it can be tried again; the caller sees why
    return begun;
  }

  /** The record goes last: a daemon that dies in between finds it and finishes. */
  async #once(vm: VmSupervisor): Promise<void> {
    if (vm.phase !== "deleted") await vm.delete(never);
    await this.#deps.disks.remove(vm.record.id);
    this.#deps.store.remove(vm.record.id);
    this.#gone(vm);
    if (vm.record.layer !== undefined) await this.#deps.keptLayers.collect();
  }
}
