/** What this host has, read afresh at each call. */
export interface HostFacts {
  memory(): Promise<{ readonly totalBytes: number; readonly availableBytes: number }>;
  cpuCount(): number;
  /** space on the file system that holds the VMs' disks */
  disk(): Promise<{ readonly totalBytes: number; readonly freeBytes: number }>;
}
