/** What one VM used: reads it, and keeps the samples of the last hour. */

import { MIB } from "#lib/bytes.ts";
import { within } from "#lib/patience.ts";

import type { GuestStats } from "../ports/guest-link.ts";
import type { UseCounters } from "../ports/use-counters.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { CounterWatch } from "./counter-watch.ts";
import { type Row, SampleRing, type Samples } from "./sample-ring.ts";

export const VM_COLUMNS = [
  /** 1: one whole vCPU */
  "cpu",
  /** bytes, as all that follows */
  "memoryUsed",
  "memoryTotal",
  "diskUsed",
  "diskTotal",
  /** per second, as all that follows */
  "diskRead",
  "diskWrite",
  "netIn",
  "netOut",
] as const;
export type VmColumn = (typeof VM_COLUMNS)[number];

/** A guest that does not answer so soon is not waited for: its process is looked at all the same. In `ms` */
const GUEST_PATIENCE_MS = 2_000;

type Counter = "cpu" | "diskRead" | "diskWrite" | "netIn" | "netOut";

export class VmMeter {
  readonly #ring: SampleRing<VmColumn>;
  readonly #counters = new CounterWatch<Counter>();
  #pid: number | undefined;

  /** @param maxRows samples that are kept */
  constructor(maxRows: number) {
    this.#ring = new SampleRing(VM_COLUMNS, maxRows);
  }

  /** @param ms since the epoch: only samples later than that */
  after(ms: number): Samples<VmColumn> {
    return this.#ring.after(ms);
  }

  /** Takes one sample of a VM that runs. Rejects only with the reason of `signal`. */
  async read(vm: VmSupervisor, counters: UseCounters, signal: AbortSignal): Promise<void> {
    const { pid } = vm;
    const [process, guest] = await Promise.all([
      pid === undefined ? undefined : counters.process(pid),
      statsOf(vm, signal),
    ]);
    if (pid !== this.#pid) this.#counters.forget(); // another machine, and a guest that counts from 0
    this.#pid = pid;
    if (!process && !guest) return;
    const nowMs = performance.now();
    const cpuMs = this.#counters.rate("cpu", process?.cpuMs, nowMs);
    this.#ring.push(Date.now(), {
      cpu: cpuMs === undefined ? undefined : cpuMs / 1_000,
      memoryUsed: sane(guest?.memoryUsed) ?? process?.residentBytes,
      memoryTotal: sane(guest?.totalMemory) ?? vm.record.spec.memoryMiB * MIB,
      ...this.#ofGuest(guest, nowMs),
    });
  }

  #ofGuest(
    guest: GuestStats | undefined,
    nowMs: number,
  ): Omit<Row<VmColumn>, "cpu" | "memoryUsed" | "memoryTotal"> {
    const rate = (name: Counter, value: number | undefined) =>
      this.#counters.rate(name, sane(value), nowMs);
    return {
      diskUsed: sane(guest?.diskSpaceUsed),
      diskTotal: sane(guest?.diskSpaceTotal),
      diskRead: rate("diskRead", guest?.diskReadTotal),
      diskWrite: rate("diskWrite", guest?.diskWriteTotal),
      netIn: rate("netIn", guest?.networkReadTotal),
      netOut: rate("netOut", guest?.networkWriteTotal),
    };
  }
}

/** Asks the agent, if there is one that can answer; what it says against it is no news of the VM. */
async function statsOf(vm: VmSupervisor, signal: AbortSignal): Promise<GuestStats | undefined> {
  const { contact } = vm;
  if (!contact?.current || contact.isHeld || vm.stalled !== undefined) return undefined;
  try {
    return await contact.current.stats(within(GUEST_PATIENCE_MS, signal));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Guests may say anything. */
function sane(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
}
