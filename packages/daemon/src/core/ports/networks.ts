/**
 * The port to the host's networks: what a VM's connection needs there, for as long as it has a machine.
 *
 * What it makes outlives the daemon together with the machine; the next daemon finds it by the VM.
 */

import type { VmRecord } from "../vm/vm.ts";
import type { GuestNetwork } from "./guest-network.ts";
import type { NetworkPlan } from "./machine.ts";

export interface Networks {
  /**
   * Makes what the VM's network needs on the host, or finds it there. On failure nothing new is left.
   * @returns how a driver attaches it
   */
  prepare(vm: VmRecord, signal: AbortSignal): Promise<NetworkPlan>;
  /** what the guest is told of its network; `undefined` when it has none */
  guestNetwork(vm: VmRecord): GuestNetwork | undefined;
  /** Removes what `prepare` made, once the machine has ended; harmless when there is nothing. */
  release(vm: VmRecord): Promise<void>;
  /**
   * At a daemon's start: removes what is on the host under our name and belongs to none of `machines`.
   * @param machines the VMs that have a machine now
   * @returns what was removed, one phrase each, for the log
   */
  sweep(machines: readonly VmRecord[], signal: AbortSignal): Promise<readonly string[]>;
}
