/**
 * Machines that stand still because the host's disk is full: said once, kept from being given up,
 * and set going again when there is room.
 */

import { MIB } from "#lib/bytes.ts";
import { every } from "#lib/every.ts";

import type { HostFacts } from "../ports/host-facts.ts";
import type { Log } from "../ports/log.ts";
import type { VmSupervisor } from "./supervisor.ts";

/** with less room a machine would only stall again */
const ROOM_BYTES = 64 * MIB;

const EVERY_MS = 2_000;

const never = new AbortController().signal;

/** Looks after the VMs that there are, until disposed. @param tell told of each that stands still, or goes on */
export function tendStalls(
  vms: () => readonly VmSupervisor[],
  hostFacts: HostFacts,
  log: Log,
  tell: (vm: VmSupervisor) => void,
): Disposable {
  const stalls = new Stalls(hostFacts, log, tell);
  return every(EVERY_MS, () => stalls.tend(vms()));
}

export class Stalls {
  readonly #hostFacts: HostFacts;
  readonly #log: Log;
  readonly #tell: (vm: VmSupervisor) => void;
  readonly #known = new WeakSet<VmSupervisor>();

  constructor(hostFacts: HostFacts, log: Log, tell: (vm: VmSupervisor) => void) {
    this.#hostFacts = hostFacts;
    this.#log = log;
    this.#tell = tell;
  }

  /** To be called every few seconds, with all VMs; never rejects. */
  async tend(vms: readonly VmSupervisor[]): Promise<void> {
    for (const vm of vms) this.#note(vm);
    const stalled = vms.filter((vm) => vm.stalled !== undefined);
    if (stalled.length === 0) return;
    try {
      const { freeBytes } = await this.#hostFacts.disk();
      if (freeBytes < ROOM_BYTES) return;
      for (const vm of stalled) await vm.resume(never);
    } catch (error) {
      this.#log.warn("vm.still_stalled", { error });
    }
  }

  #note(vm: VmSupervisor): void {
    const { hostname } = vm.record;
    if (vm.stalled === undefined) {
      if (!this.#known.delete(vm)) return;
      this.#log.info("vm.goes_on", { hostname });
      this.#tell(vm);
      return;
    }
    vm.contact?.setHeld("held"); // its agent's silence is not its death
    if (this.#known.has(vm)) return;
    this.#known.add(vm);
    this.#log.error("vm.stalled", { hostname, reason: vm.stalled });
    this.#tell(vm);
  }
}
