/** What a process on this host takes of its memory, read afresh at each call. */
export interface ProcessMemory {
  /** @returns `undefined` when there is no such process, or it must not be looked at */
  of(pid: number): Promise<MemoryUse | undefined>;
}

/** In bytes, of what is in the host's memory now. */
export interface MemoryUse {
  /** what it has for itself alone: it is free again when the process ends */
  readonly privateBytes: number;
  /** what exists once for all who map it, be it one process or many: a template's memory, a program's code */
  readonly sharedBytes: number;
  /** all of it, each page divided by the number of processes that map it */
  readonly proportionalBytes: number;
}
