/** Programs in VMs of the one core, by their agents. */

import { within } from "#lib/patience.ts";

import { AlcoveError } from "../../errors.ts";
import { connectInside } from "../../exec/connect.ts";
import { agentOf } from "../../exec/guest-work.ts";
import type { GuestConnection } from "../../ports/guest-connection.ts";
import { becomesReady } from "../../vm/readiness.ts";
import type { VmSupervisor } from "../../vm/supervisor.ts";
import type { Vms } from "../../vm/vms.ts";
import { StartError } from "../execution/start-error.ts";
import { hostLabelOf, type ItemHash } from "../item-hash.ts";
import type { HostFiles } from "../ports/host-files.ts";
import type { ProgramOrder, ProgramRoom } from "../ports/program-room.ts";
import { PROGRAM_TARGET, serveIn } from "../programs/guest-program.ts";

/** until a runtime's agent answers, in `ms` */
const READY_MS = 60_000;

export interface ProgramRoomDeps {
  readonly vms: Vms;
  readonly files: HostFiles;
}

export class VmProgramRoom implements ProgramRoom {
  readonly #deps: ProgramRoomDeps;

  constructor(deps: ProgramRoomDeps) {
    this.#deps = deps;
  }

  async begin(order: ProgramOrder, signal: AbortSignal): Promise<void> {
    const { vms, files } = this.#deps;
    const vm = this.#get(order.vmHash);
    try {
      await becomesReady(vms, vm, "agent", within(READY_MS, signal));
      await serveIn(await agentOf(vm, signal), order, files, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StartError || AlcoveError.is(error, "hypervisor_failed")) throw error;
      throw new StartError("MicroVMFailedInitError", "", { cause: error });
    }
  }

  async connect(vmHash: ItemHash, signal: AbortSignal): Promise<GuestConnection> {
    return connectInside(this.#get(vmHash), PROGRAM_TARGET, signal);
  }

  #get(vmHash: ItemHash): VmSupervisor {
    const vm = this.#deps.vms.find(hostLabelOf(vmHash));
    if (vm?.record.owner !== undefined) return vm;
    throw new AlcoveError("vm_not_found", `No virtual machine with ref ${vmHash}`, {
      hostname: vmHash,
    });
  }
}
