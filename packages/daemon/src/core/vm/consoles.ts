/** What VMs wrote to their serial consoles. */

import { AlcoveError } from "../errors.ts";
import type { ConsoleLogs, DiskStore } from "../ports/disk-store.ts";
import type { VmSupervisor } from "./supervisor.ts";

export class VmConsoles {
  readonly #files: DiskStore;
  readonly #logs: ConsoleLogs;

  constructor(files: DiskStore, logs: ConsoleLogs) {
    this.#files = files;
    this.#logs = logs;
  }

  /** @throws AlcoveError `log_not_found` */
  async read(vm: VmSupervisor, lines: number | "all"): Promise<string> {
    const { id, hostname } = vm.record;
    const text = await this.#logs.read(this.#files.consoleLogPath(id), lines);
    if (text !== undefined) return text;
    throw new AlcoveError("log_not_found", `${hostname} has no console log yet`, { hostname });
  }

  /**
   * Live: the newest `tailBytes` of what the VM wrote, then what it writes from now on, over its reboots, until it is
   * deleted.
   * @throws AlcoveError `log_not_found`
   */
  async follow(
    vm: VmSupervisor,
    tailBytes: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    await this.read(vm, 1); // what is not there is said before an answer begins
    return this.#logs.follow(this.#files.consoleLogPath(vm.record.id), tailBytes, signal);
  }
}
