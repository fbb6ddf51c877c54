/** What a node tells of itself: how much it has, what it is, and how it is set up. */

import type { Clock } from "../../ports/clock.ts";
import type { CpuFacts, HostGpu, NodeHardware } from "../ports/node-hardware.ts";
import type { AlephSettings } from "../settings.ts";

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

  constructor(deps: NodeReportDeps) {
    this.#deps = deps;
  }

  /** The host as it is now. */
  async usage(): Promise<SystemUsage> {
    throw new Error(`not made yet: ${this.#deps.version}`);
  }

  /** What cannot change while the daemon lives: read once. */
  async capability(): Promise<Capability> {
    throw new Error(`not made yet: ${this.#deps.version}`);
  }

  /** As `GET /status/config` shows it, in the API's own words: nothing secret. */
  statusConfig(): Readonly<Record<string, unknown>> {
    throw new Error(`not made yet: ${this.#deps.version}`);
  }
}
