/**
 * What each VM that runs used over the last hour.
 *
 * Rounds never overlap. Within one, VMs are read one after the other with pauses in between, so that neither the host
 * nor many guests of it work at the same moment; many VMs make a round longer, and never denser.
 */

import { inParallel } from "#lib/in-parallel.ts";
import { pause } from "#lib/patience.ts";

import type { Log } from "../ports/log.ts";
import type { UseCounters } from "../ports/use-counters.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import type { Vms } from "../vm/vms.ts";
import type { Samples } from "./sample-ring.ts";
import { VmMeter, type VmColumn } from "./vm-meter.ts";

export interface VmMetersDeps {
  readonly vms: Pick<Vms, "list">;
  readonly counters: UseCounters;
  readonly log: Log;
}

/** at the least, between two VMs: at most fifty are read a second */
const MIN_GAP_MS = 20;
/** VMs that are being read at a time: a guest that does not answer holds up few others */
const WIDTH = 8;
/** part of the interval over which the reading of all VMs is spread */
const SPREAD = 0.8;

export class VmMeters implements AsyncDisposable {
  /** from one sample to the next, in `ms`, unless there are many VMs; 0: nothing is sampled */
  readonly intervalMs: number;
  readonly #deps: VmMetersDeps;
  readonly #maxRows: number;
  /** by the VM's id */
  readonly #meters = new Map<string, VmMeter>();
  readonly #over = new AbortController();
  readonly #work: Promise<void>;

  /** @param maxRows samples that are kept of each */
  constructor(intervalMs: number, maxRows: number, deps: VmMetersDeps) {
    this.intervalMs = intervalMs;
    this.#maxRows = maxRows;
    this.#deps = deps;
    this.#work = intervalMs > 0 ? this.#rounds(this.#over.signal) : Promise.resolve();
  }

  /** @param ms since the epoch: only samples later than that; none for a VM that never ran */
  of(vm: VmSupervisor, ms: number): Samples<VmColumn> {
    return (this.#meters.get(vm.record.id) ?? new VmMeter(1)).after(ms);
  }

  /** Begins nothing more, and waits for what is being read. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("the daemon ends"));
    await this.#work;
  }

  async #rounds(over: AbortSignal): Promise<void> {
    try {
      for (;;) {
        const begunMs = performance.now();
        await this.#round(over);
        const left = this.intervalMs - (performance.now() - begunMs);
        await pause(Math.max(MIN_GAP_MS, left), over);
      }
    } catch (error) {
      if (!over.aborted) this.#deps.log.error("meters.ended", { error });
    }
  }

  async #round(over: AbortSignal): Promise<void> {
    const { vms } = this.#deps;
    const all = vms.list();
    const known = new Set<string>(all.map((vm) => vm.record.id));
    for (const id of this.#meters.keys()) if (!known.has(id)) this.#meters.delete(id);
    const due = all.filter((vm) => vm.phase === "running");
    const gapMs = Math.max(MIN_GAP_MS, (this.intervalMs * SPREAD) / Math.max(1, due.length));
    const turn = { atMs: performance.now() };
    await inParallel(WIDTH, due, async (vm) => {
      const waitMs = turn.atMs - performance.now();
      turn.atMs = Math.max(turn.atMs, performance.now()) + gapMs;
      if (waitMs > 0) await pause(waitMs, over);
      await this.#read(vm, over);
    });
  }

  async #read(vm: VmSupervisor, over: AbortSignal): Promise<void> {
    if (vm.phase !== "running") return; // it was when the round began
    const { id } = vm.record;
    const meter = this.#meters.get(id) ?? new VmMeter(this.#maxRows);
    this.#meters.set(id, meter);
    await meter.read(vm, this.#deps.counters, over);
  }
}
