/** What the whole host used over the last hour. */

import { every } from "#lib/every.ts";

import type { HostEvents, HostSample } from "../events/host-events.ts";
import type { HostFacts } from "../ports/host-facts.ts";
import type { HostMeter } from "../ports/host-meter.ts";
import type { Log } from "../ports/log.ts";
import type { ProcessorTime, UseCounters } from "../ports/use-counters.ts";
import { CounterWatch } from "./counter-watch.ts";
import { type Row, SampleRing, type Samples } from "./sample-ring.ts";

export const HOST_COLUMNS = [
  /** of all processors together, 0 to 1 */
  "cpu",
  /** bytes, as all that follows */
  "memoryUsed",
  "memoryTotal",
  "diskUsed",
  "diskTotal",
  /** per second */
  "netIn",
  "netOut",
  /** processes that want to run, averaged over a minute */
  "load",
] as const;
export type HostColumn = (typeof HOST_COLUMNS)[number];

export interface HostMetersDeps {
  readonly counters: UseCounters;
  readonly hostMeter: HostMeter;
  readonly hostFacts: HostFacts;
  /** told of each sample */
  readonly events: Pick<HostEvents, "announceSample">;
  readonly log: Log;
}

export class HostMeters implements Disposable {
  /** in `ms`; 0: nothing is sampled */
  readonly intervalMs: number;
  readonly #deps: HostMetersDeps;
  readonly #ring: SampleRing<HostColumn>;
  readonly #rates = new CounterWatch<"netIn" | "netOut">();
  readonly #beat: Disposable | undefined;
  #processors: ProcessorTime | undefined;
  #isFailing = false;

  /** @param maxRows samples that are kept */
  constructor(intervalMs: number, maxRows: number, deps: HostMetersDeps) {
    this.intervalMs = intervalMs;
    this.#deps = deps;
    this.#ring = new SampleRing(HOST_COLUMNS, maxRows);
    if (intervalMs === 0) return;
    void this.#round();
    this.#beat = every(intervalMs, () => this.#round());
  }

  /** @param ms since the epoch: only samples later than that */
  after(ms: number): Samples<HostColumn> {
    return this.#ring.after(ms);
  }

  [Symbol.dispose](): void {
    this.#beat?.[Symbol.dispose]();
  }

  /** Never rejects. */
  async #round(): Promise<void> {
    try {
      const row = await this.#read();
      this.#isFailing = false;
      const at = new Date();
      this.#ring.push(at.getTime(), row);
      this.#deps.events.announceSample(sampleOf(at, row));
    } catch (error) {
      if (!this.#isFailing) this.#deps.log.warn("meters.host_unreadable", { error });
      this.#isFailing = true;
    }
  }

  async #read(): Promise<Row<HostColumn>> {
    const { counters, hostMeter, hostFacts } = this.#deps;
    const [processors, { egress, loadAverages }, memory, disk] = await Promise.all([
      counters.processors(),
      hostMeter.read(),
      hostFacts.memory(),
      hostFacts.disk(),
    ]);
    const nowMs = performance.now();
    const cpu = this.#processors && busyShare(this.#processors, processors);
    this.#processors = processors;
    return {
      cpu,
      memoryUsed: memory.totalBytes - memory.availableBytes,
      memoryTotal: memory.totalBytes,
      diskUsed: disk.totalBytes - disk.freeBytes,
      diskTotal: disk.totalBytes,
      netIn: this.#rates.rate("netIn", egress?.receivedBytes, nowMs),
      netOut: this.#rates.rate("netOut", egress?.sentBytes, nowMs),
      load: loadAverages[0],
    };
  }
}

function sampleOf(at: Date, row: Row<HostColumn>): HostSample {
  return {
    at,
    cpu: row.cpu ?? null,
    memoryUsed: row.memoryUsed ?? null,
    memoryTotal: row.memoryTotal ?? null,
    diskUsed: row.diskUsed ?? null,
    diskTotal: row.diskTotal ?? null,
    netIn: row.netIn ?? null,
    netOut: row.netOut ?? null,
    load: row.load ?? null,
  };
}

/** @returns 0 to 1; `undefined` when no time has passed */
function busyShare(before: ProcessorTime, now: ProcessorTime): number | undefined {
  const busy = now.busyMs - before.busyMs;
  const all = busy + now.idleMs - before.idleMs;
  return all > 0 ? Math.min(1, Math.max(0, busy / all)) : undefined;
}
