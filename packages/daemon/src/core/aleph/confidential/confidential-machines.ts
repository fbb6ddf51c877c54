/** What owners ask of confidential machines, over the host's VMs. */

import type { VmSupervisor } from "../../vm/supervisor.ts";
import type { Vms } from "../../vm/vms.ts";
import { hostLabelOf, parseItemHash } from "../item-hash.ts";
import { Refusal } from "../refusal.ts";
import type {
  ConfidentialMachines,
  Measurement,
  RunStatus,
  SealedSecret,
} from "../ports/confidential-backend.ts";

export class VmConfidentialMachines implements ConfidentialMachines {
  readonly #vms: Pick<Vms, "find">;

  constructor(vms: Pick<Vms, "find">) {
    this.#vms = vms;
  }

  async measure(vmHash: string, signal: AbortSignal): Promise<Measurement> {
    return await this.#running(vmHash).measure(signal);
  }

  async inject(vmHash: string, sealed: SealedSecret, signal: AbortSignal): Promise<RunStatus> {
    return await this.#running(vmHash).inject(sealed, signal);
  }

  #running(vmHash: string): VmSupervisor {
    const hash = parseItemHash(vmHash);
    const vm = hash && this.#vms.find(hostLabelOf(hash));
    if (vm?.phase === "running" && vm.record.spec.confidential) return vm;
    throw new Refusal("forbidden", "Operation not running");
  }
}
