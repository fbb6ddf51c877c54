/** What this host and its processes have used so far, read afresh at each call: counters that only rise. */
export interface UseCounters {
  /** of all processors together, since the host began */
  processors(): Promise<ProcessorTime>;
  /** @returns `undefined` when there is no such process, or it must not be looked at */
  process(pid: number): Promise<ProcessUse | undefined>;
}

export interface ProcessorTime {
  /** in `ms`, of any processor: two that were busy for a second count two */
  readonly busyMs: number;
  readonly idleMs: number;
}

export interface ProcessUse {
  /** time of processors that it had, with all its threads, in `ms` */
  readonly cpuMs: number;
  /** what it has in the host's memory now, shared pages included, in bytes */
  readonly residentBytes: number;
}
