/** What a node tells of itself: how much it has, what it is, and how it is set up. */

import type { Clock } from "../../ports/clock.ts";
import type { CpuFacts, HostGpu, NodeHardware } from "../ports/node-hardware.ts";
import type { AlephSettings } from "../settings.ts";
import { statusConfigOf } from "./status-config.ts";

/** as the network counts */
const KB = 1000;
const MINUTE_MS = 60_000;

export interface NodeReportDeps {
  readonly hardware: NodeHardware;
  readonly settings: AlephSettings;
  /** of this build, as `Server:` has it */
  readonly version: string;
  readonly clock: Clock;
  /** disk that admission has left to give, in bytes */
  readonly freeDiskBytes: () => Promise<number>;
  /** addresses on the PCI bus of those that VMs have */
  readonly gpusInUse: () => ReadonlySet<string>;
}

export interface SystemUsage {
  readonly cpu: {
    readonly count: number;
    readonly loadAverage: readonly [number, number, number];
    readonly minMHz: number;
    readonly maxMHz: number;
  };
  /** a kB is 1000 bytes */
  readonly memory: { readonly totalKb: number; readonly availableKb: number };
  readonly disk: { readonly totalKb: number; readonly availableKb: number };
  /** beginning of the minute that this is about */
  readonly periodStart: Date;
  readonly periodS: number;
  readonly properties: CpuFacts;
  readonly gpus: readonly ReportedGpu[];
  readonly availableGpus: readonly ReportedGpu[];
}

export interface ReportedGpu extends HostGpu {
  readonly model: string;
  readonly compatible: boolean;
}

export interface Capability {
  readonly cpu: CpuFacts;
  readonly memory: {
    readonly sizeBytes: number;
    readonly type: string;
    readonly clockHz: number | undefined;
  };
}

export class NodeReport {
  readonly #deps: NodeReportDeps;
  #capability: Capability | undefined;

  constructor(deps: NodeReportDeps) {
    this.#deps = deps;
  }

  /** The host as it is now. */
  async usage(): Promise<SystemUsage> {
    const { hardware, clock, freeDiskBytes, gpusInUse } = this.#deps;
    const [properties, frequencies, memory, disk, free, gpus] = await Promise.all([
      hardware.cpu(),
      hardware.frequencies(),
      hardware.memory(),
      hardware.disk(),
      freeDiskBytes(),
      this.#gpus(),
    ]);
    const inUse = gpusInUse();
    return {
      cpu: { count: properties.count, loadAverage: hardware.load(), ...frequencies },
      memory: {
        totalKb: Math.ceil(memory.totalBytes / KB),
        availableKb: Math.floor(memory.availableBytes / KB),
      },
      disk: { totalKb: Math.floor(disk.totalBytes / KB), availableKb: Math.floor(free / KB) },
      periodStart: new Date(Math.floor(clock.now().getTime() / MINUTE_MS) * MINUTE_MS),
      periodS: MINUTE_MS / 1000,
      properties,
      gpus,
      availableGpus: gpus.filter(({ pciHost }) => !inUse.has(pciHost)),
    };
  }

  /** What cannot change while the daemon lives: read once. */
  async capability(): Promise<Capability> {
    this.#capability ??= await this.#readCapability();
    return this.#capability;
  }

  /** As `GET /status/config` shows it, in the API's own words: nothing secret. */
  statusConfig(): Readonly<Record<string, unknown>> {
    return statusConfigOf(this.#deps.settings, this.#deps.version);
  }

  async #readCapability(): Promise<Capability> {
    const { hardware } = this.#deps;
    const [cpu, memory, modules] = await Promise.all([
      hardware.cpu(),
      hardware.memory(),
      hardware.memoryModules(),
    ]);
    return { cpu, memory: { sizeBytes: memory.totalBytes, ...modules } };
  }

  /** Those that VMs may get: none where the operator has not said so. */
  async #gpus(): Promise<readonly ReportedGpu[]> {
    if (this.#deps.settings.gpus === "off") return [];
    const gpus = await this.#deps.hardware.gpus();
    return gpus.map((gpu) => ({ ...gpu, model: gpu.deviceName, compatible: true }));
  }
}
