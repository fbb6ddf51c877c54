/** What the host's hardware is, as a node tells the network. Read afresh at each call, but for what cannot change. */

export interface NodeHardware {
  cpu(): Promise<CpuFacts>;
  /** how many ran or waited to run, over 1, 5 and 15 minutes */
  load(): readonly [number, number, number];
  /** of the cores, lowest and highest; 0 where the host does not say */
  frequencies(): Promise<{ readonly minMHz: number; readonly maxMHz: number }>;
  memory(): Promise<{ readonly totalBytes: number; readonly availableBytes: number }>;
  memoryModules(): Promise<MemoryModules>;
  /** of the file system that keeps persistent volumes */
  disk(): Promise<{ readonly totalBytes: number; readonly freeBytes: number }>;
  /** those on the PCI bus, whether or not a VM has them */
  gpus(): Promise<readonly HostGpu[]>;
}

export interface CpuFacts {
  readonly architecture: "x86_64" | "arm64";
  /** `AuthenticAMD`, `GenuineIntel`, or whatever the processor says */
  readonly vendor: string;
  readonly model: string;
  /** what guests may be promised of confidential computing: hardware only, never a simulation */
  readonly features: readonly ("sev" | "sev_es" | "sev_snp")[];
  readonly frequencyHz: number;
  /** logical ones */
  readonly count: number;
}

export interface MemoryModules {
  /** such as `DDR4`; empty where the host does not say */
  readonly type: string;
  readonly clockHz: number | undefined;
}

export interface HostGpu {
  readonly vendor: string;
  readonly deviceName: string;
  /** PCI class: VGA, or 3D controller */
  readonly deviceClass: "0300" | "0302";
  /** address on the PCI bus, such as `01:00.0`; with its domain in front where that is not 0 */
  readonly pciHost: string;
  /** PCI ids, `<vendor>:<device>` in hexadecimal */
  readonly deviceId: string;
}
